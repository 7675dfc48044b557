"""The devices that train, in words."""

import os
import platform
from pathlib import Path

import torch

from harness.training.distributed import World


def hardware(world: World) -> str:
    """Return the devices in words: GPUs by name, or the processor with its threads per process."""
    if world.device.type == "cuda":
        return f"{world.size} × {torch.cuda.get_device_name(world.device)}"
    cores = len(os.sched_getaffinity(0))
    return f"{_processor()}, {world.size} × {torch.get_num_threads()} threads, {cores} cores"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

"""The device that trains, and how much memory it took."""

import os
import platform
import resource
from pathlib import Path

import torch

from harness.training.distributed import World

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


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


def forget_peak_memory(device: torch.device) -> None:
    """Begin a new measurement, so that a worker's earlier stages do not count."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        # 5 resets the peak resident set (Linux, proc(5)); where it can't, the peak is the process's.
        _CLEAR_REFS.write_text("5")
    except OSError:
        return


def peak_memory_bytes(device: torch.device) -> int:
    """Return this process's highest use since `forget_peak_memory`: CUDA memory, else resident set."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

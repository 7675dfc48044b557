"""The devices that train, in words."""

import os

import torch

from harness.training.distributed import World
from harness.training.processor import processor


def hardware(world: World) -> str:
    """Return the devices in words: GPUs by name, or the processor with its threads per process."""
    if world.device.type == "cuda":
        return f"{world.size} × {torch.cuda.get_device_name(world.device)}"
    cores = len(os.sched_getaffinity(0))
    return f"{processor()}, {world.size} × {torch.get_num_threads()} threads, {cores} cores"

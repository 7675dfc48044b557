"""The processes that train together: gloo on CPUs, nccl on GPUs, one process without any launcher."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist

from harness.compat.deepspeed import import_muon
from harness.store.provenance import processor
from harness.training.determinism import enable_determinism

T = TypeVar("T")

# Tokenising a large data set on one rank keeps the others waiting for minutes.
_TIMEOUT = timedelta(hours=2)


@dataclass(frozen=True)
class World:
    """This process's place among those that train together."""

    rank: int
    size: int
    device: torch.device


def hardware(world: World) -> str:
    """Describe the devices: GPUs by name, or the processor with its threads per process."""
    if world.device.type == "cuda":
        return f"{world.size} × {gpu()}"
    cores = len(os.sched_getaffinity(0))
    return f"{processor()}, {world.size} × {torch.get_num_threads()} threads, {cores} cores"


def gpu() -> str:
    """Return this process's GPU with the libraries that decide which kernels it computes with."""
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, cuDNN {cudnn}"


def start_process_group() -> World:
    """Join the process group that `torch.distributed.run` announces, or form one of this process alone.

    Safe to call again, and where the program has formed a group. Where there are GPUs it sets this process's
    device, and lets it take deterministic kernels only, for whatever the process does.
    """
    # DeepSpeed asks for it. Nothing else is left behind: what this process starts would look for a group.
    os.environ.setdefault("LOCAL_RANK", "0")
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        enable_determinism()
        torch.cuda.set_device(local_gpu())
    if not dist.is_initialized():
        alone = "RANK" not in os.environ
        backend = "nccl" if has_gpu else "gloo"
        if alone:
            # No port, so that nothing can collide or be blocked; gloo would else look up the host's name.
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
            store = dist.HashStore()  # type: ignore[attr-defined]  # absent in torch's __all__
            dist.init_process_group(backend, store=store, rank=0, world_size=1, timeout=_TIMEOUT)
        else:
            dist.init_process_group(backend, timeout=_TIMEOUT)
    _start_deepspeed()
    return world()


def local_gpu() -> int:
    """Return the number of this process's GPU, `LOCAL_RANK` where several are visible.

    A batch system may show each process its own alone (Slurm's --gpus-per-task), which then is the first;
    DeepSpeed reads the variable too.
    """
    if torch.cuda.device_count() == 1:
        os.environ["LOCAL_RANK"] = "0"
    return int(os.environ.get("LOCAL_RANK", "0"))


def world() -> World:
    """Return this process's place; `start_process_group` must have been called."""
    device = torch.device("cuda", local_gpu()) if torch.cuda.is_available() else torch.device("cpu")
    return World(dist.get_rank(), dist.get_world_size(), device)


def _start_deepspeed() -> None:
    import deepspeed
    from deepspeed import ops
    from deepspeed.accelerator import cuda_accelerator

    # ZeRO 1 and 2 would ask it for free memory by device number, and fail where CUDA_VISIBLE_DEVICES names
    # devices by UUID or MIG name; torch, which DeepSpeed asks instead, knows them.
    cuda_accelerator.pynvml = None
    # DeepSpeed would compile its extension for CPUs at start-up (30 s, needs a compiler, hangs on a stale
    # lock) if it were not told here that there is none. Asking it what there is would try out all of them.
    ops.__compatible_ops__ = {}
    import_muon()
    deepspeed.init_distributed(auto_mpi_discovery=False, verbose=False)


def on_first_rank(work: Callable[[], T]) -> T:
    """Do `work` on rank 0 and return its (picklable) value on every rank.

    Raises:
        Exception: what `work` raised, on every rank, so that none waits for the others.
    """
    if dist.get_world_size() == 1:
        return work()
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer[0] = work()
        except Exception as error:
            answer[1] = error
    dist.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    return cast(T, answer[0])


def from_every_rank(value: T) -> list[T]:
    """Return the (picklable) values of all ranks, in order, on every rank."""
    if dist.get_world_size() == 1:
        return [value]
    values: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values

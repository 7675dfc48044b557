"""How many workers a machine has room for, and what each may use of it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.execution.environment import check_accelerator, visible_devices

# A worker on a CPU takes some gigabytes; more of them than this want a decision of the user's.
_MOST_CPU_WORKERS = 4
_MOST_ON_A_GPU = 4
# Of a GPU's memory: the rest is for what an estimate leaves out.
_SHARE = 0.85
_CONTEXT_BYTES = 1.2e9
"""Memory that CUDA, cuBLAS and cuDNN take for each process."""


class TooFewDevicesError(UserError):
    """More workers and processes are asked for than there are devices for."""


@dataclass(frozen=True)
class Places:
    """Where workers run.

    Attributes:
        devices: For each worker the CUDA devices that it may use; none: those that there are.
        threads: CPU threads of each process.
    """

    devices: tuple[tuple[str, ...], ...]
    threads: int


def places(workers: int | None, processes: int, device_memory: int | None) -> Places:
    """Divide the machine among workers, which train different stages at the same time.

    Args:
        workers: Number of workers. None: on GPUs as many as fit in their memory, at most 4 on each; on a CPU
            one for each core, at most 4: a forward pass on two cores was measured to be 1.36 times as fast by
            two workers of one thread as by one worker of two threads (batches of 16 × 40 tokens, hidden
            size 384).
        processes: Training processes of each worker; those of one worker never share a GPU.
        device_memory: Bytes that the largest step is estimated to take of a GPU; None: not known.

    Raises:
        TooFewDevicesError: There are GPUs, but too few, or with too little memory for so many workers.
        AcceleratorError: `DS_ACCELERATOR` names another device than this machine trains on.
    """
    devices = cuda_devices()
    check_accelerator(os.environ, bool(devices))
    cores = len(os.sched_getaffinity(0))
    if not devices:
        count = workers or max(1, min(_MOST_CPU_WORKERS, cores // processes))
        return Places(((),) * count, max(1, cores // (count * processes)))
    if processes > len(devices):
        raise TooFewDevicesError(
            f"--processes {processes}: each process needs a GPU of its own, and there are {len(devices)}; "
            "lower it"
        )
    groups = [
        devices[first : first + processes] for first in range(0, len(devices) - processes + 1, processes)
    ]
    each = 1 if processes > 1 else _fitting(device_memory)
    count = workers or len(groups) * each
    if count > len(groups) and processes > 1:
        raise TooFewDevicesError(
            f"--workers {count} × --processes {processes}: that takes {count * processes} GPUs, there are "
            f"{len(devices)}; lower one of them"
        )
    if device_memory is not None and -(-count // len(groups)) > max(1, each):
        raise TooFewDevicesError(
            f"--workers {count} on {len(devices)} GPUs: a stage takes about {device_memory / 1e9:.1f} GB, so"
            f" {each} fit on each GPU; lower --workers to {len(groups) * each}, or the batch size"
        )
    return Places(
        tuple(groups[number % len(groups)] for number in range(count)), max(1, cores // (count * processes))
    )


def cuda_devices() -> tuple[str, ...]:
    """Return the CUDA devices that this process may use, without the seconds that importing torch takes."""
    if not shutil.which("nvidia-smi") and not Path("/proc/driver/nvidia").exists():
        return ()
    visible = visible_devices(os.environ)
    if visible is not None:
        return visible
    import torch

    return tuple(str(number) for number in range(torch.cuda.device_count()))


def _fitting(device_memory: int | None) -> int:
    """Return how many steps fit on the smallest GPU at once; 1 where that is not known."""
    available = _smallest_memory()
    if device_memory is None or available is None:
        return 1
    return max(1, min(_MOST_ON_A_GPU, int(_SHARE * available / (device_memory + _CONTEXT_BYTES))))


def _smallest_memory() -> float | None:
    """Return the bytes of memory of the smallest GPU; None where the driver does not tell."""
    line = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(line, capture_output=True, text=True, check=True, timeout=20).stdout.split()
        return min(float(mebibytes) for mebibytes in told) * 2**20
    except (OSError, ValueError, subprocess.SubprocessError):
        return None

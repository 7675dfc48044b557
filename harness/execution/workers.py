"""How many workers a run has, and what of the machine each may use."""

import os
import shutil
from pathlib import Path

from harness.errors import UserError
from harness.execution.environment import check_accelerator, visible_devices
from harness.execution.worker_process import STALL_SECONDS, WorkerProcess

# A worker on a CPU takes some gigabytes; more of them than this want a decision of the user's.
_MOST_CPU_WORKERS = 4


class TooFewDevicesError(UserError):
    """More workers and processes are asked for than there are devices."""


def make_workers(
    folder: Path, count: int | None, processes: int, stall_seconds: float = STALL_SECONDS
) -> list[WorkerProcess]:
    """Divide the machine among workers, which train different stages at the same time.

    Args:
        folder: Where their spools and logs lie.
        count: Number of workers. None: one where there are GPUs; on a CPU one for each core, at most 4:
            a forward pass on two cores was measured to be 1.36 times as fast by two workers of one
            thread as by one worker of two threads (batches of 16 × 40 tokens, hidden size 384).
        processes: Training processes of each worker.
        stall_seconds: A worker is ended when it neither reports nor computes for so long.

    Raises:
        TooFewDevicesError: There are GPUs, but fewer than workers × processes.
        AcceleratorError: `DS_ACCELERATOR` names another device than this machine trains on.
    """
    devices = cuda_devices()
    check_accelerator(os.environ, bool(devices))
    cores = len(os.sched_getaffinity(0))
    if count is None:
        count = 1 if devices else max(1, min(_MOST_CPU_WORKERS, cores // processes))
    if devices and count > 1 and count * processes > len(devices):
        raise TooFewDevicesError(
            f"--workers {count} × --processes {processes}: that takes {count * processes} GPUs, there are "
            f"{len(devices)}; lower one of them"
        )
    threads = max(1, cores // (count * processes))
    return [
        WorkerProcess(
            folder / f"{number}",
            processes,
            threads,
            devices[number * processes : (number + 1) * processes] if count > 1 else (),
            stall_seconds,
        )
        for number in range(count)
    ]


def cuda_devices() -> tuple[str, ...]:
    """Return the CUDA devices that this process may use, without the seconds that importing torch takes."""
    if not shutil.which("nvidia-smi") and not Path("/proc/driver/nvidia").exists():
        return ()
    visible = visible_devices(os.environ)
    if visible is not None:
        return visible
    import torch

    return tuple(str(number) for number in range(torch.cuda.device_count()))

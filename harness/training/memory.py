"""The memory of a worker: how much a stage took, and how the C library deals it out."""

import ctypes
import resource
from functools import cache
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
# mallopt(3)
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
_NEVER_TRIM = 2**31 - 1


@cache
def keep_memory() -> None:
    """Let glibc keep freed blocks for the next step, instead of getting new pages from the kernel.

    A training step allocates the same large blocks again and again; having the kernel map and clear them
    each time took about a tenth of a step on a CPU.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, _NEVER_TRIM)


def release_memory() -> None:
    """Give freed blocks back to the kernel, at the end of a stage."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None


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

"""What the system says of processes: whether one lives, what it started and computed; and its end."""

import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil

T = TypeVar("T")
_DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process still runs: neither another one of its id, nor one that waits to be reaped."""
    try:
        return bool(process.is_running()) and process.status() not in _DEAD
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int) -> list[int]:
    """Return the living processes that a process and its children have started."""
    with suppress(psutil.NoSuchProcess):
        return [child.pid for child in psutil.Process(pid).children(recursive=True) if is_alive(child)]
    return []


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of processes so far."""
    return sum(_of_each(pids, lambda process: float(sum(process.cpu_times()[:2]))))


def runs_or_would(pids: Iterable[int]) -> bool:
    """Return whether the main thread of one of these processes runs, or would if a core were free."""
    return psutil.STATUS_RUNNING in _of_each(pids, psutil.Process.status)


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a process and all that it has started: first by asking, after some seconds by force."""
    below = descendants(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    # A launcher's processes have sessions of their own, and outlive it when it is killed.
    _of_each({*below, *descendants(process.pid)}, psutil.Process.kill)
    process.kill()
    process.wait()


def _of_each(pids: Iterable[int], look: Callable[[psutil.Process], T]) -> list[T]:
    """Return what is found of each of these processes; one that ends while it is looked at is left out."""
    found = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found.append(look(psutil.Process(pid)))
    return found

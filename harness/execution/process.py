"""What the system says of processes: whether one lives, what it started and computed; and its end."""

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
# Positions in /proc/PID/stat after the name in brackets (proc(5)).
_STATE, _PARENT, _USER_TICKS, _SYSTEM_TICKS, _STARTED = 0, 1, 11, 12, 19


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is more than a dead one that nobody has asked for yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    fields = _stat(pid)
    return fields is None or fields[_STATE] not in "ZX"


def started_at(pid: int) -> str | None:
    """Return when a process began, as the system counts; None where it does not say."""
    fields = _stat(pid)
    return fields[_STARTED] if fields is not None else None


def descendants(pid: int) -> list[int]:
    """Return the living processes that a process and its children have started."""
    children: dict[int, list[int]] = {}
    for process in _processes():
        fields = _stat(process)
        if fields is not None and fields[_STATE] not in "ZX":
            children.setdefault(int(fields[_PARENT]), []).append(process)
    found, look = list[int](), [pid]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def cpu_seconds(pids: Iterable[int]) -> float | None:
    """Return the processor time of processes so far; None where the system does not say."""
    if not _processes():
        return None
    found = [fields for pid in pids if (fields := _stat(pid)) is not None]
    ticks = sum(int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS]) for fields in found)
    return ticks / os.sysconf("SC_CLK_TCK")


def runs_or_would(pids: Iterable[int]) -> bool:
    """Tell whether the main thread of one of these processes runs, or would if a core were free."""
    return any(fields[_STATE] == "R" for pid in pids if (fields := _stat(pid)) is not None)


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a process and all that it has started: first by asking, after some seconds by force."""
    below = descendants(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    # A launcher's processes have sessions of their own, and outlive it when it is killed.
    for pid in (*below, *descendants(process.pid)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _processes() -> list[int]:
    if not _PROC.is_dir():
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]


def _stat(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()

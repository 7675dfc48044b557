"""Programs that a test starts and ends by their process ids."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def start(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )


def wait_until(done: Callable[[], bool], seconds: float, what: str, log: Path | None = None) -> None:
    limit = time.monotonic() + seconds
    while not done():
        if time.monotonic() > limit:
            said = log.read_text(errors="replace")[-3000:] if log is not None and log.exists() else ""
            raise TimeoutError(f"{what}: not after {seconds:.0f} s\n{said}")
        time.sleep(0.1)


def kill(pids: Sequence[int]) -> None:
    """Kill processes and all that they started, at once: what a power cut leaves of a node."""
    family: list[psutil.Process] = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            family += [process, *process.children(recursive=True)]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=10)


def processes_with(text: str) -> list[int]:
    """Return the ids of the processes that have a text in their command line or environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [*process.cmdline(), *process.environ().values()]
            if any(text in word for word in words) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found

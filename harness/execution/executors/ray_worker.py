"""The process of a Ray cluster that carries steps out: one rank, which keeps its imports between steps."""

import os
import socket
import threading
from contextlib import closing
from pathlib import Path


class Worker:
    """An actor with two threads: one carries a step out, while the other can be told to end it."""

    def __init__(self) -> None:
        from harness.execution.environment import drop_launcher_variables

        # Ray itself may have been started by another launcher.
        drop_launcher_variables()
        self._stop: threading.Event | None = None

    def place(self) -> str:
        """Return the address of the node."""
        import ray

        return str(ray.util.get_node_ip_address())

    def free_port(self) -> int:
        """Return a port of this node that nothing listens on."""
        with closing(socket.socket()) as listening:
            listening.bind(("", 0))
            return int(listening.getsockname()[1])

    def join(self, rank: int, ranks: int, address: str, port: int) -> None:
        """Become one of several ranks, which meet at the first one's address.

        Ray shows each process its own devices only, so that each one's is the first.
        """
        os.environ |= {
            "RANK": f"{rank}",
            "LOCAL_RANK": "0",
            "WORLD_SIZE": f"{ranks}",
            "MASTER_ADDR": address,
            "MASTER_PORT": f"{port}",
        }

    def run(self, folder: str) -> int:
        """Carry out the step of an attempt's folder; return the exit code that it would have as a process."""
        from harness.execution.attempt_folder import AttemptFolder
        from harness.execution.run_step import run_folder

        attempt = AttemptFolder(Path(folder))
        _print_to(attempt.log)
        self._stop = threading.Event()
        return run_folder(attempt, None, stop=self._stop)

    def stop(self) -> None:
        """Let the step that is carried out save a resume point and end."""
        if self._stop is not None:
            self._stop.set()


def _print_to(log: Path) -> None:
    """Let this process, and what it starts, print to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)

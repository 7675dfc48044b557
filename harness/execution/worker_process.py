"""The runner's side of a worker: start it, ask it, read its answers, end it."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import RunError, UserError, XstiltsError
from harness.execution.compilation import compilation_locks
from harness.execution.environment import worker_variables
from harness.execution.messages import (
    Checked,
    CheckRequest,
    Event,
    Failed,
    Finished,
    StepRequest,
    StopRequest,
)
from harness.execution.process import cpu_seconds, descendants, end, runs_or_would
from harness.execution.spool import EventReader, Spool
from harness.execution.stall import StallWatch
from harness.execution.steps.base import StepManifest
from harness.execution.worker import DISK_FULL
from harness.store.disk import has_space

_POLL_SECONDS = 0.05
_STOP_SECONDS = 10.0
_KILL_SECONDS = 2.0
_LOG_TAIL_LINES = 12


STALL_SECONDS = 600.0


class StepFailedError(RunError):
    """A step failed in the worker, or the worker died of it."""


class RefusedError(UserError):
    """What a plan asks for cannot be trained as it stands."""


class DiskFullError(RunError):
    """The worker could not write, since there is no space left."""


class WorkerProcess:
    """A worker that is started when it is first needed and again after it died."""

    def __init__(
        self,
        folder: Path,
        processes: int,
        threads: int,
        devices: Sequence[str] = (),
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        """Prepare a worker; nothing is started yet.

        Args:
            folder: Where its spools and logs lie.
            processes: Training processes, one for each device.
            threads: CPU threads of each process.
            devices: The CUDA devices that it may use; none given: all that there are.
            stall_seconds: It is ended when it neither reports nor computes for so long.
        """
        self._folder = folder
        self._processes = processes
        self._threads = threads
        self._devices = devices
        self._stall_seconds = stall_seconds
        self._started = 0
        self._sent = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._spool = Spool(folder)
        self._reader = EventReader(self._spool)

    def start(self) -> None:
        """Start the process, which takes seconds, before there is anything to ask of it."""
        self._running()

    def check(self, request: CheckRequest) -> tuple[str, ...]:
        """Check a plan's model before training; raises UserError, StepFailedError or DiskFullError."""
        last = self._ask(request, lambda event: None)
        assert isinstance(last, Checked)
        return last.warnings

    def run(self, request: StepRequest, on_event: Callable[[Event], None]) -> StepManifest:
        """Run a step and return its manifest.

        Raises:
            StepFailedError: It failed, or the worker died of it.
            DiskFullError: No space was left.
        """
        last = self._ask(request, on_event)
        assert isinstance(last, Finished)
        return last.manifest

    def stop(self) -> None:
        """Let the worker end, and end it when it doesn't."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        self._spool.send(self._sent, StopRequest())
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            end(process, _KILL_SECONDS)

    def ask_to_end(self) -> None:
        """Send the signal to end, and don't wait for it."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """End the worker at once; a stage keeps its resume point."""
        process, self._process = self._process, None
        if process is not None:
            end(process, _KILL_SECONDS)

    def _ask(
        self, request: StepRequest | CheckRequest, on_event: Callable[[Event], None]
    ) -> Finished | Checked:
        process = self._running()
        self._spool.send(self._sent, request)
        self._sent += 1
        watch = StallWatch(
            lambda: cpu_seconds(self._working(process)),
            lambda: runs_or_would(self._working(process)),
            self._stall_seconds,
        )
        while True:
            # Asked before reading, so that the last words of a worker that just ended are heard.
            ended = process.poll() is not None
            for event in self._reader.new():
                on_event(event)
                watch.active()
                if isinstance(event, Failed):
                    raise self._failure(event, request)
                if isinstance(event, Finished | Checked):
                    return event
            if ended:
                self._process = None
                raise self._death(process.returncode, request)
            if watch.is_stalled:
                self.kill()
                raise StepFailedError(self._stall())
            time.sleep(_POLL_SECONDS)

    def _failure(self, event: Failed, request: StepRequest | CheckRequest) -> XstiltsError:
        if event.refused and isinstance(request, CheckRequest):
            return RefusedError(event.error)
        words = f"{event.error} (log: {self._spool.log})"
        return DiskFullError(words) if event.disk_full else StepFailedError(words)

    def _death(self, code: int, request: StepRequest | CheckRequest) -> RunError:
        """Return what to say of a worker that has ended without an answer."""
        words = f"the worker ended with code {code} (log: {self._spool.log})\n{self._log_tail()}"
        if code == DISK_FULL or not has_space(self._folder):
            return DiskFullError(words)
        if code == -signal.SIGKILL:
            # Nobody but the system ends a process so, and it does so when memory runs out.
            words += f"\nIf the system killed it because memory ran out: {request.memory_advice()}"
        return StepFailedError(words)

    def _stall(self) -> str:
        """Return what to say of a worker that was ended since it did nothing."""
        locks = compilation_locks()
        compiled = (
            f"; or it waits for another process to compile a kernel: where none does, remove {listed}"
            if (listed := ", ".join(map(str, locks)))
            else ""
        )
        return (
            f"the worker neither reported nor computed for {self._stall_seconds:.0f} s and was ended; it may "
            f"have waited for a disk, a network or a process that is gone{compiled}. Run again to go on; "
            f"--stall-minutes sets the limit (log: {self._spool.log})"
        )

    def _working(self, process: subprocess.Popen[bytes]) -> list[int]:
        """Return the processes that train; a launcher above them is busy with looking on."""
        below = descendants(process.pid)
        return below if self._processes > 1 else [process.pid, *below]

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._spool = Spool(self._folder / f"worker-{self._started}")
            self._spool.folder.mkdir(parents=True)
            self._reader = EventReader(self._spool)
            self._started += 1
            self._sent = 0
            with self._spool.log.open("wb") as log:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=worker_variables(self._threads, tuple(self._devices)),
                    start_new_session=True,
                )
        return self._process

    def _command(self) -> list[str]:
        worker = ["-m", "harness.execution.worker", str(self._spool.folder), str(os.getpid())]
        if self._processes == 1:
            return [sys.executable, *worker]
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={self._processes}"]
        return [sys.executable, *launcher, *worker]

    def _log_tail(self) -> str:
        with self._spool.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, _LOG_TAIL_LINES)).rstrip()

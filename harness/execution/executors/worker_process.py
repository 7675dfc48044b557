"""The run's side of a local worker: start its processes, give it steps, hear of them, end it."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from harness.execution.attempt_folder import RankError, first_error
from harness.execution.compilation import compilation_locks
from harness.execution.environment import worker_variables
from harness.execution.events import Failed, Heartbeat, Interrupted, Released, Remark, Started
from harness.execution.executors.base import Handle, StepEvent
from harness.execution.executors.channel import CancelOrder, Channel, EndOrder, RunOrder, Told
from harness.execution.process import cpu_seconds, descendants, end, runs_or_would
from harness.execution.request import StepRequest
from harness.execution.stall import Silence, StallWatch
from harness.execution.steps.base import StepProgress

_STOP_SECONDS = 10.0
_OTHER_RANKS_SECONDS = 1.0
_LOG_TAIL_LINES = 12


@dataclass(frozen=True)
class WorkerSettings:
    """What the workers of a run have in common.

    Attributes:
        socket: At which the run listens.
        store: Folder of the store.
        logs: Folder of their logs.
        processes: Training processes of each, one for each device.
        threads: CPU threads of each process.
        stall_seconds: A worker is ended when it neither reports nor computes for so long.
        stop_seconds: How long it may take to end after it was asked to.
    """

    socket: Path
    store: Path
    logs: Path
    processes: int
    threads: int
    stall_seconds: float
    stop_seconds: float


class WorkerProcess:
    """A worker that has been started; it takes one step after the other until it fails or is ended."""

    def __init__(self, settings: WorkerSettings, number: int, devices: Sequence[str]) -> None:
        """Start its processes, which takes seconds until they are of use.

        Args:
            settings: Of all workers of the run.
            number: Unlike any other's of the run.
            devices: The CUDA devices that it may use; none given: all that there are.
        """
        self.number = number
        self._settings = settings
        self.log = settings.logs / f"worker-{number}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        words = (str(settings.socket), str(number), str(settings.store), str(settings.stop_seconds))
        line = ["-m", "harness.execution.worker", *words]
        if settings.processes > 1:
            launcher = ["-m", "torch.distributed.run", "--standalone"]
            line = [*launcher, f"--nproc-per-node={settings.processes}", *line]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *line],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=worker_variables(settings.threads, tuple(devices)),
                start_new_session=True,
            )
        self._channels: dict[int, Channel] = {}
        """Rank -> connection."""
        self._request: StepRequest | None = None
        self._has_begun = False
        self._cancelled = False
        self._publishing: dict[str, Handle] = {}
        self._errors: list[RankError] = []
        self._leaves = False
        self._told_at: float | None = None
        self._watch = StallWatch(
            lambda: cpu_seconds(self._working()),
            lambda: runs_or_would(self._working()),
            settings.stall_seconds,
        )
        self._silence = Silence(settings.stall_seconds)

    @property
    def is_free(self) -> bool:
        """Whether it can take a step."""
        return self._request is None and not self._leaves and not self._cancelled

    @property
    def is_computing(self) -> bool:
        """Whether a step is under way, from its request on."""
        return self._request is not None

    @property
    def pause(self) -> float:
        """Seconds after which `look` is to be called again."""
        return _OTHER_RANKS_SECONDS if self._told_at is not None else max(self._watch.pause, 0.2)

    def has(self, attempt: str) -> bool:
        """Whether an attempt is this worker's."""
        computes = self._request is not None and self._request.attempt == attempt
        return computes or attempt in self._publishing

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The connections of its processes."""
        return tuple(self._channels.values())

    def remove_channel(self, channel: Channel) -> None:
        """Take note that a connection is gone."""
        self._channels = {rank: one for rank, one in self._channels.items() if one is not channel}

    def submit(self, request: StepRequest) -> Handle:
        """Give it a step."""
        self._request = request
        self._has_begun = False
        self._watch.active()
        self._silence = Silence(self._settings.stall_seconds)
        self._send(RunOrder(request=request))
        return self._handle(request.attempt)

    def add_channel(self, channel: Channel, rank: int) -> None:
        """Take the connection of one of its processes."""
        self._channels[rank] = channel
        if self._request is not None:
            with suppress(OSError):
                channel.send(RunOrder(request=self._request))

    def hear(self, told: Told) -> list[StepEvent]:
        """Return what a message of one of its processes means."""
        event, publishes = told.event, told.attempt in self._publishing
        if isinstance(event, Failed) and not publishes:
            return self._hear_failure(told, event)
        self._watch.active()
        match event:
            case StepProgress():
                self._silence.heard(event)
            case Started():
                self._has_begun = True
            case Released():
                self._publishing[told.attempt] = self._handle(told.attempt)
                self._request = None
            case Remark() | Heartbeat():
                pass
            case _ if publishes:
                del self._publishing[told.attempt]
            case _:
                self._request = None
        if told.leaves:
            self._leave()
        return [StepEvent(self._handle(told.attempt), event)]

    def look(self) -> list[StepEvent]:
        """Look whether it is stuck, or told of an error long enough ago for all ranks to tell theirs."""
        if self._told_at is not None and time.monotonic() - self._told_at >= _OTHER_RANKS_SECONDS:
            return self._fail(True)
        if self._request is None or self._told_at is not None:
            return []
        if self._silence.is_too_long() or self._watch.is_stalled:
            words = self._stall()
            self.kill()
            return self.ended(words)
        return []

    def ended(self, words: str | None = None) -> list[StepEvent]:
        """Return how its steps end now that its processes have ended, for a known reason or none."""
        handles = [*self._publishing.values()]
        if self._request is not None:
            handles.append(self._handle(self._request.attempt))
        error = first_error(self._errors)
        if error is None and handles:
            error = Failed(error=words or self._death(), log=str(self.log))
        self._request, self._told_at = None, None
        self._publishing.clear()
        self.kill()
        outcome = Interrupted() if self._cancelled else error
        return [StepEvent(handle, outcome) for handle in handles if outcome is not None]

    def cancel(self) -> list[StepEvent]:
        """Ask it to save a resume point and end; at once where its step has not begun."""
        self._cancelled = True
        if self._request is not None and self._has_begun:
            self._send(CancelOrder())
            return []
        return [] if self._publishing else self.ended()

    def stop(self) -> None:
        """Let it end, and end it when it doesn't."""
        self._send(EndOrder())

    def kill(self) -> None:
        """End its processes at once; a stage keeps its resume point."""
        if self.process.poll() is None:
            end(self.process, 0.0)

    def await_end(self) -> None:
        """Wait for the end of a worker that was told to stop."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_SECONDS)
        self.kill()

    def _handle(self, attempt: str) -> Handle:
        return Handle(attempt, f"worker {self.number}", self.log)

    def _send(self, message: BaseModel) -> None:
        for channel in self._channels.values():
            # One that is gone is heard of as the end of its process.
            with suppress(OSError):
                channel.send(message)

    def _leave(self) -> None:
        """Give it no other step; end it, unless an entry is still on its way into the store."""
        self._leaves = True
        if not self._publishing:
            self.kill()

    def _hear_failure(self, told: Told, event: Failed) -> list[StepEvent]:
        failed = event.model_copy(update={"log": str(self.log)})
        self._errors.append(RankError(rank=told.rank, time=told.time, failed=failed))
        if not told.leaves or self._settings.processes == 1:
            return self._fail(told.leaves)
        # The first error of all ranks is the cause of the others.
        self._told_at = self._told_at or time.monotonic()
        return []

    def _fail(self, leaves: bool) -> list[StepEvent]:
        error, request = first_error(self._errors), self._request
        assert error is not None
        self._errors.clear()
        self._request, self._told_at = None, None
        if leaves:
            self._leave()
        return [StepEvent(self._handle(request.attempt), error)] if request is not None else []

    def _working(self) -> list[int]:
        """Return the processes that train; a launcher above them is busy with looking on."""
        below = descendants(self.process.pid)
        return below if self._settings.processes > 1 else [self.process.pid, *below]

    def _death(self) -> str:
        """Return what to say of a worker that has ended without an answer."""
        code = self.process.wait()
        words = f"the worker ended with code {code} (log: {self.log})\n{self._log_tail()}"
        if code == -signal.SIGKILL and self._request is not None:
            # Nobody but the system ends a process so, and it does so when memory runs out.
            words += f"\nIf the system ended it for want of memory: {self._request.step.memory_advice()}"
        return words

    def _stall(self) -> str:
        """Return what to say of a worker that is ended since it does nothing."""
        locks = compilation_locks()
        compiled = (
            f"; or it waits for another process to compile a kernel: where none does, remove {listed}"
            if (listed := ", ".join(map(str, locks)))
            else ""
        )
        said = "reported nothing, in the midst of its steps," if self._silence.is_too_long() else ""
        return (
            f"the worker {said or 'neither reported nor computed'} for {self._settings.stall_seconds:.0f} s "
            "and was ended; it may have waited for a disk, a network or a process that is gone"
            f"{compiled}. Run again to go on; --stall-minutes sets the limit (log: {self.log})"
        )

    def _log_tail(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, _LOG_TAIL_LINES)).rstrip()


def process_descriptor(process: "subprocess.Popen[bytes]") -> int | None:
    """Return a descriptor that can be read once a process has ended; None where the system has none."""
    with suppress(AttributeError, OSError):
        return os.pidfd_open(process.pid)
    return None

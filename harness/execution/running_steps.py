"""The attempts of a run that go on, and what became of earlier ones."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.execution.attempt_journal import AttemptJournal, AttemptRecord
from harness.execution.events import Event, Interrupted, Outcome, Started
from harness.execution.executors.base import Handle
from harness.execution.reporter import Shown
from harness.execution.request import StepRequest
from harness.execution.run_status import RunStatus, StatusFile, StepStatus
from harness.execution.steps.base import StepProgress

_MOST_LOSSES = 10


@dataclass
class RunningStep:
    """An attempt that was handed to an executor and has not ended.

    Attributes:
        key: Of its step in the scheduler.
        status: What `xstilts status` says of it.
        shown: Its line on the console, once it has begun.
    """

    key: str
    handle: Handle
    record: AttemptRecord
    status: StepStatus
    shown: Shown | None = None

    def note(self, handle: Handle, event: Event) -> None:
        """Take from an event how the attempt stands."""
        self.handle = handle
        match event:
            case Started():
                process = f"{event.host}, process {event.pid}"
                where = f"{handle.name} on {process}" if handle.name else process
                self._update(where=where, started=time.time())
            case StepProgress():
                self._update(progress=event.text)
        if self.status.started is None and handle.name:
            self._update(where=handle.name)

    def _update(self, **changes: object) -> None:
        self.status = self.status.model_copy(update=changes)


@dataclass
class Tries:
    """The attempts at one step that have ended without a result.

    Attributes:
        ended: Their identities.
        losses: How many in a row saved nothing new.
        saved: Optimizer steps that the last resume point holds.
    """

    ended: list[str] = field(default_factory=list)
    losses: int = 0
    saved: int = 0

    @property
    def are_enough(self) -> bool:
        """Whether another attempt is in vain."""
        return self.losses > _MOST_LOSSES

    def add(self, attempt: str, outcome: Outcome) -> None:
        """Count an attempt."""
        self.ended.append(attempt)
        saved = outcome.saved or 0 if isinstance(outcome, Interrupted) else 0
        self.losses = 0 if saved > self.saved else self.losses + 1
        self.saved = max(self.saved, saved)


class RunningSteps:
    """What a run has handed to its executor, written down for whoever asks from outside."""

    def __init__(self, folder: Path, status: RunStatus) -> None:
        """Prepare.

        Args:
            folder: Of the run; made when it is first needed.
            status: The run before its first step.
        """
        self._journal, self._file = AttemptJournal(folder), StatusFile(folder)
        self._status = status
        self._running: dict[str, RunningStep] = {}
        self._tries: dict[str, Tries] = {}

    def __len__(self) -> int:
        """Return how many attempts go on."""
        return len(self._running)

    def __iter__(self) -> Iterator[RunningStep]:
        """Yield the attempts that go on, of which some may end meanwhile."""
        yield from list(self._running.values())

    def tries(self, key: str) -> Tries:
        """Return the earlier attempts at a step."""
        return self._tries.setdefault(key, Tries())

    def add(self, key: str, request: StepRequest, handle: Handle) -> None:
        """Take an attempt on."""
        record, status = self._journal.begin(request, handle), StepStatus(attempt=request.attempt)
        self._running[request.attempt] = RunningStep(key, handle, record, status)

    def get(self, handle: Handle) -> RunningStep | None:
        """Return an attempt that goes on."""
        return self._running.get(handle.attempt)

    def end(self, running: RunningStep, outcome: Outcome) -> None:
        """Take an attempt for ended."""
        del self._running[running.handle.attempt]
        self._journal.end(running.record, outcome)

    def tell(self, steps: int, finished: int, failed: int, leaves: str = "") -> None:
        """Say how the run stands, now and then, and when it is left.

        Args:
            steps: Of the run.
            finished: How many of them are finished.
            failed: How many have failed or were left out.
            leaves: What goes on without the run's process, when that ends.
        """
        if leaves or self._file.is_due:
            told = {
                "finished": finished,
                "failed": failed,
                "waiting": max(0, steps - finished - failed - len(self)),
                "steps": tuple(running.status for running in self),
                "leaves": leaves,
            }
            self._file.write(self._status.model_copy(update=told))

    def close(self) -> None:
        """Say that the run has ended, and nothing of it goes on."""
        self._file.remove()

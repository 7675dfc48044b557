"""The folder of one attempt at a step, through which a process that was started elsewhere is heard."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from harness.atomic_write import atomic_write
from harness.execution.events import Event, Failed, Outcome, event_adapter, outcome_adapter
from harness.frozen_model import FrozenModel


class RankError(FrozenModel):
    """Why one process of an attempt ended.

    Attributes:
        time: Seconds since 1970; the first of several errors is the cause of the others.
    """

    rank: int
    time: float = Field(default_factory=time.time)
    failed: Failed


@dataclass(frozen=True)
class AttemptFolder:
    """Files of one attempt, below `STORE/runs/RUN/steps/`.

    ```
    request.json      what to carry out (harness.execution.request)
    events.jsonl      what the first rank tells, an event a line; its time is that of the last sign of life
    outcome.json      how it ended, whole or not there
    error-rankN.json  why rank N ended, where it did so by an error
    log               what the processes and their libraries print
    ```
    """

    folder: Path

    @property
    def request(self) -> Path:
        """What to carry out."""
        return self.folder / "request.json"

    @property
    def events(self) -> Path:
        """One event a line."""
        return self.folder / "events.jsonl"

    @property
    def log(self) -> Path:
        """What the processes print."""
        return self.folder / "log"

    def append(self, event: Event) -> None:
        """Add an event."""
        with self.events.open("a", encoding="utf-8") as file:
            file.write(event.model_dump_json() + "\n")

    def end(self, outcome: Outcome) -> None:
        """Write down how the attempt ended."""
        with atomic_write(self.folder / "outcome.json") as draft:
            draft.write_text(outcome.model_dump_json(), encoding="utf-8")

    def end_rank(self, rank: int, failed: Failed) -> None:
        """Write down why one rank ended."""
        with atomic_write(self.folder / f"error-rank{rank}.json") as draft:
            draft.write_text(RankError(rank=rank, failed=failed).model_dump_json(), encoding="utf-8")

    @property
    def outcome(self) -> Outcome | None:
        """How the attempt ended: an error of any rank, else what the first rank says; None: not yet."""
        # A launcher interrupts the other ranks when one fails.
        failed = first_error(self.rank_errors())
        if failed is not None:
            return failed
        with suppress(FileNotFoundError):
            return outcome_adapter.validate_json((self.folder / "outcome.json").read_bytes())
        return None

    def rank_errors(self) -> list[RankError]:
        """Return the errors of all ranks."""
        found = []
        for path in self.folder.glob("error-rank*.json"):
            with suppress(OSError, ValidationError):
                found.append(RankError.model_validate_json(path.read_bytes()))
        return found


def first_error(errors: Sequence[RankError]) -> Failed | None:
    """Return the error that came first, with its rank where it is not the first rank's."""
    if not errors:
        return None
    first = min(errors, key=lambda error: error.time)
    if first.rank == 0:
        return first.failed
    return first.failed.model_copy(update={"error": f"rank {first.rank}: {first.failed.error}"})


class EventReader:
    """Reads the events of an attempt as they arrive."""

    def __init__(self, attempt: AttemptFolder) -> None:
        self._path = attempt.events
        self._position = 0

    def new(self) -> list[Event]:
        """Return the complete events since the last call."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                content = file.read()
        except FileNotFoundError:
            return []
        complete = content[: content.rfind(b"\n") + 1]
        self._position += len(complete)
        return [event_adapter.validate_json(line) for line in complete.splitlines()]

"""The attempts at a run's steps: `attempts.jsonl` in its folder, with the log of each."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from harness.frozen_model import FrozenModel
from harness.store.layout import Layout

if TYPE_CHECKING:
    from harness.execution.events import Outcome
    from harness.execution.executors.base import Handle
    from harness.execution.request import StepRequest

NAME = "attempts.jsonl"
_MADE = "finished"


class AttemptRecord(FrozenModel):
    """An attempt at a step.

    Attributes:
        attempt: Its identity, which the owner of the entry's lock names (harness.store.lock).
        label: What people call the step.
        log: File of what its processes print, relative to the folder of all runs where it lies there.
        outcome: Kind of the event with which it ended, `reused` where the entry was there already; empty
            while it goes on.
    """

    attempt: str
    digest: str
    kind: str
    label: str
    log: str | None
    submitted: float = Field(default_factory=time.time, description="Seconds since 1970.")
    outcome: str = ""

    @property
    def made_entry(self) -> bool:
        """Whether this attempt computed what lies in the store."""
        return self.outcome == _MADE


class AttemptJournal:
    """Writes down the attempts of one run: a line when one is submitted, and another when it has ended."""

    def __init__(self, folder: Path) -> None:
        """Prepare to write.

        Args:
            folder: Of the run; made when it is first needed.
        """
        self._folder = folder

    def begin(self, request: "StepRequest", handle: "Handle") -> AttemptRecord:
        """Write down that an attempt was handed to the executor."""
        runs, log = self._folder.parent, handle.log
        if log is not None and log.is_relative_to(runs):
            log = log.relative_to(runs)
        record = AttemptRecord(
            attempt=request.attempt,
            digest=request.step.digest,
            kind=request.step.kind,
            label=request.label,
            log=str(log) if log else None,
        )
        self._write(record)
        return record

    def end(self, record: AttemptRecord, outcome: "Outcome") -> None:
        """Write down how an attempt ended."""
        kind = "reused" if outcome.kind == "finished" and outcome.reused else outcome.kind
        self._write(record.model_copy(update={"outcome": kind}))

    def _write(self, record: AttemptRecord) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / NAME).open("a", encoding="utf-8") as file:
            file.write(record.model_dump_json() + "\n")


def attempts_of(folder: Path) -> dict[str, AttemptRecord]:
    """Return the attempts of a run's folder by their identity, as far as they are written down whole."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    found: dict[str, AttemptRecord] = {}
    for line in lines:
        try:
            record = AttemptRecord.model_validate_json(line)
        except ValidationError:
            continue
        found[record.attempt] = record
    return found


def step_logs(layout: Layout, digests: Iterable[str]) -> dict[str, Path]:
    """Return the log of each step whose log is still there.

    That of the attempt which made the entry, or of the newest attempt where none did.

    Args:
        layout: Of the store.
        digests: Of stages, evaluations and forgetting evaluations.
    """
    open_ones, found = set(digests), dict[str, Path]()
    # A run's name begins with its time.
    for folder in sorted(layout.runs.glob("*/"), reverse=True):
        if not open_ones:
            break
        for record in reversed(attempts_of(folder).values()):
            if record.digest not in open_ones or record.log is None:
                continue
            log = layout.runs / record.log
            if log.is_file():
                found[record.digest] = log if record.made_entry else found.get(record.digest, log)
                open_ones -= {record.digest} if record.made_entry else set()
    return found

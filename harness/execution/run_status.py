"""What runs where: each run keeps a file below the store that any shell which sees the store can read."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, ValidationError

from harness.atomic_write import atomic_write
from harness.execution.attempt_journal import AttemptRecord, attempts_of
from harness.frozen_model import FrozenModel
from harness.store.layout import Layout
from harness.store.lock import LOST_SECONDS, owner_of

_SECONDS_BETWEEN_WRITES = 5.0


class StepStatus(FrozenModel):
    """How an attempt stands that was handed to an executor; the journal of the run has the rest of it.

    Attributes:
        where: Host and process, or the number of a job; empty while only the executor knows.
        progress: How far it is, for people; empty before its first step.
    """

    attempt: str
    where: str = ""
    progress: str = ""
    started: float | None = Field(None, description="Seconds since 1970; None: it waits.")


class RunStatus(FrozenModel):
    """A run, as it last said.

    Attributes:
        run: Its name.
        executor: Name of the executor.
        leaves: What goes on without the run's process, where it has ended; else empty.
    """

    run: str
    sequence: str
    executor: str
    host: str = Field(default_factory=socket.gethostname)
    pid: int = Field(default_factory=os.getpid)
    began: float = Field(default_factory=time.time, description="Seconds since 1970.")
    finished: int = 0
    failed: int = 0
    waiting: int = Field(0, description="Steps that were handed to no executor yet.")
    steps: tuple[StepStatus, ...] = ()
    leaves: str = ""


class StatusFile:
    """The file of one run, kept fresh while the run lives."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "status.json"
        self._written = -_SECONDS_BETWEEN_WRITES

    @property
    def is_due(self) -> bool:
        """Whether it was last written long enough ago."""
        return time.monotonic() - self._written >= _SECONDS_BETWEEN_WRITES

    def write(self, status: RunStatus) -> None:
        """Say how the run stands."""
        self._written = time.monotonic()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self._path) as draft:
            draft.write_text(status.model_dump_json(), encoding="utf-8")

    def remove(self) -> None:
        """Say that the run has ended, and nothing of it goes on."""
        self._path.unlink(missing_ok=True)


Steps = list[tuple[AttemptRecord, StepStatus]]
"""Attempts that go on, and how they stand."""


def run_statuses(layout: Layout) -> Iterator[tuple[RunStatus, Steps]]:
    """Yield the runs of a store of which something goes on: those heard of lately, and what others left."""
    alive, left = list[tuple[RunStatus, Steps]](), list[tuple[RunStatus, Steps]]()
    for path in sorted(layout.runs.glob("*/status.json")):
        try:
            status = RunStatus.model_validate_json(path.read_bytes())
            silent = time.time() - path.stat().st_mtime
        except (OSError, ValidationError):
            continue
        if silent > LOST_SECONDS and not status.leaves:
            continue
        records = attempts_of(path.parent)
        steps = [(records[step.attempt], step) for step in status.steps if step.attempt in records]
        (left if status.leaves else alive).append((status, steps))
    yield from alive
    # What one run left, another may have found again.
    found = {record.digest for _, steps in alive for record, _ in steps}
    for status, steps in left:
        lonely = [(record, step) for record, step in steps if record.digest not in found]
        if lonely := [(record, step) for record, step in lonely if not is_in_store(layout, record.digest)]:
            yield status, lonely


def is_in_store(layout: Layout, digest: str) -> bool:
    """Return whether an entry lies finished in a store, of whichever kind."""
    return any(layout.root.glob(f"*/{digest}/manifest.json"))


def held_locks(layout: Layout, known: set[str]) -> Iterator[tuple[str, str, float]]:
    """Yield digest, owner and age (seconds) of the locks of entries that no known step accounts for."""
    for path in sorted((layout.root / "locks").glob("[0-9a-f]" * 32)):
        owner = owner_of(path)
        if owner is None or path.name in known or owner.has_ended:
            continue
        silent = time.time() - path.stat().st_mtime
        if silent <= LOST_SECONDS:
            yield path.name, f"{owner.host}, process {owner.pid}", time.time() - owner.since

"""The lock of a sequence file: which model and data it was really run on."""

import json
from collections.abc import Sized
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field, ValidationError

from harness.atomic_write import atomic_write
from harness.config.registry import lock_beside
from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.kinds.columns import RowCount


class DataChangedError(UserError):
    """Model or rows are no longer what the lock says."""


class LockFileError(UserError):
    """A lock cannot be read or written."""


class Rows(Protocol):
    """What training rows and evaluation rows have in common."""

    @property
    def dataset(self) -> Sized: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def revision(self) -> str | None: ...  # noqa: D102
    @property
    def counted(self) -> tuple[RowCount, ...]: ...  # noqa: D102


class LockedRows(FrozenModel):
    """Rows as they were: where from, at which commit, how many, the sha256 of their content, and counts."""

    source: str
    revision: str | None
    rows: int
    fingerprint: str
    counted: tuple[RowCount, ...] = ()

    @classmethod
    def of(cls, rows: Rows) -> "LockedRows":
        """Describe rows that were loaded."""
        return cls(
            source=rows.source,
            revision=rows.revision,
            rows=len(rows.dataset),
            fingerprint=rows.fingerprint,
            counted=rows.counted,
        )


class LockedModel(FrozenModel):
    """The pretrained model as it was: commit of the hub, and its fingerprint."""

    name: str
    revision: str | None
    fingerprint: str


class Lock(FrozenModel):
    """Everything from outside that a sequence file's results depend on.

    `training` goes by training task, `evaluation` by evaluation task; `analysis` is the digest of the primary
    contrasts, the margin and the sharing of stages (none in older locks).
    """

    version: Literal[1] = 1
    sequence: str | None = Field(None, description="Name of the sequence; none in older locks.")
    model: LockedModel
    training: dict[str, LockedRows]
    evaluation: dict[str, LockedRows]
    analysis: str | None = None

    def revision(self, name: str) -> str | None:
        """Return the hub commit of a training task's rows, if they came from the hub."""
        locked = self.training.get(name)
        return locked.revision if locked else None

    def check(self, name: str, rows: Rows) -> None:
        """Refuse rows that are not those of the lock. Only content counts, not where it came from.

        Args:
            name: A training task or an evaluation task.
            rows: Its rows as loaded now.

        Raises:
            DataChangedError: the rows differ, or the lock does not know the task.
        """
        locked = self.training.get(name) or self.evaluation.get(name)
        if locked is None:
            raise DataChangedError(
                f"{name}: the lock beside the sequence file does not know this task; "
                "run 'xstilts lock' on the file again"
            )
        if locked.fingerprint != rows.fingerprint:
            raise DataChangedError(
                f"{name}: its rows are not those of the lock beside the sequence file.\n"
                f"  locked: {locked.rows:,} rows, sha256 {locked.fingerprint[:12]}, {locked.source}"
                f"{_at(locked.revision)}\n"
                f"  found:  {len(rows.dataset):,} rows, sha256 {rows.fingerprint[:12]}, {rows.source}"
                f"{_at(rows.revision)}\n"
                "Give back the locked data, or run 'xstilts lock' on the file again to accept the change."
            )

    def check_analysis(self, digest: str) -> None:
        """Refuse another plan of analysis than that of the lock.

        Raises:
            DataChangedError: it was changed since.
        """
        if self.analysis is not None and digest != self.analysis:
            raise DataChangedError(
                "contrasts, equivalence_margin or share of the sequence file are not those of the lock "
                f"beside it (sha256 {self.analysis[:12]}; found {digest[:12]}). Give it back, or "
                "run 'xstilts lock' on the file again to declare the new data."
            )

    def check_model(self, name: str, fingerprint: str) -> None:
        """Refuse a pretrained model that is not that of the lock.

        Raises:
            DataChangedError: the fingerprint differs.
        """
        if fingerprint != self.model.fingerprint:
            raise DataChangedError(
                f"model {name}: not the model of the lock beside the sequence file ({self.model.name}, "
                f"fingerprint {self.model.fingerprint[:12]}; found {fingerprint[:12]}). Give back the locked "
                "model, or run 'xstilts lock' on the file again to accept the change."
            )


def read_lock(sequence_file: Path, name: str) -> Lock | None:
    """Return the lock of the sequence `name` beside its file, or None where there is none.

    Older locks go by the file's name; they are found as long as it keeps that.

    Raises:
        LockFileError: it is there, but is not a lock that `xstilts lock` wrote.
    """
    places = dict.fromkeys(lock_beside(sequence_file, known) for known in (name, sequence_file.stem))
    found = (_read(path) for path in places)
    return next((lock for lock in found if lock is not None and lock.sequence in (None, name)), None)


def _read(path: Path) -> Lock | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise LockFileError(f"{path}: cannot be read ({error}); run 'xstilts lock' again") from error
    try:
        return Lock.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise LockFileError(f"{path}: {place}: {first['msg']}; run 'xstilts lock' again") from error


def write_lock(sequence_file: Path, lock: Lock) -> Path:
    """Write the lock beside a sequence file, whole or not at all, and return its path.

    Raises:
        LockFileError: the folder cannot be written to.
    """
    path = lock_beside(sequence_file, lock.sequence or sequence_file.stem)
    text = json.dumps(lock.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    try:
        with atomic_write(path) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LockFileError(
            f"{path}: cannot be written ({error.strerror}); copy the sequence file to a folder of your own"
        ) from error
    return path


def _at(revision: str | None) -> str:
    return f" at {revision[:12]}" if revision else ""

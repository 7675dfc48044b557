"""What every source hands on: named columns as read, and where each row stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import UserError
from harness.message_text import values_in_short


class MissingColumnError(UserError):
    """A source lacks a column that the task names."""


class NoRowsError(UserError):
    """A source is there, but holds no rows."""


@dataclass(frozen=True)
class SourceColumns:
    """Columns of one source, all of one length and not empty, before labels are understood.

    Attributes:
        columns: Column name -> values in row order; texts as str, labels as str or int.
        origin: The file, or the repository with config and split, for messages.
        source: `folder: PATH below the data folder`, `hub: …` or `embedded: …`; the same on every machine.
        unit: What a number in `numbers` counts.
        numbers: Line (or row) number of every row in the source, from 1.
        class_names: Column -> names of its integer classes, where the source knows them.
        revision: Commit of a hub repository.
    """

    columns: Mapping[str, Sequence[Any]]
    origin: str
    source: str
    unit: str
    numbers: Sequence[int]
    class_names: dict[str, tuple[str, ...]]
    revision: str | None = None

    def __post_init__(self) -> None:
        """Refuse a source without rows.

        Raises:
            NoRowsError: it has none.
        """
        if not self.numbers:
            raise NoRowsError(f"{self.origin}: holds no rows; put the data set there again")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    def place(self, row: int) -> str:
        """Return where a row stands, for messages."""
        return f"{self.origin}, {self.unit} {self.numbers[row]}"


def require_columns(origin: str, found: Sequence[str], needed: Sequence[str], remedy: str) -> None:
    """Check that a source has the columns of a task.

    Raises:
        MissingColumnError: one is missing; names those that are there.
    """
    missing = [name for name in needed if name not in found]
    if missing:
        raise MissingColumnError(
            f"{origin}: no column {values_in_short(missing)}; "
            f"its columns are {values_in_short(found) or 'none'}. {remedy}"
        )

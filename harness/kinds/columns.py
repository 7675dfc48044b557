"""What every source hands on: named columns as read, and where each row stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import cut, in_short, names_in_short, values_in_short

NAMES_REMEDY = (
    "Correct the columns that the task names, or say by 'rename' which column of the file is which."
)


class MissingColumnError(UserError):
    """A source lacks a column that the task names."""


class NoRowsError(UserError):
    """A source is there, but holds no rows."""


class RowCount(FrozenModel):
    """Something about some of a data set's rows that whoever reads its scores should know."""

    count: int = Field(ge=1)
    what: str = Field(description="What there are this many of.")

    def __str__(self) -> str:
        """Return both: `rows with an empty text, kept: 2`."""
        return f"{self.what}: {self.count:,}"


def counted(count: int, what: str) -> tuple[RowCount, ...]:
    """Return a count where it is not 0."""
    return (RowCount(count=count, what=what),) if count else ()


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
        notes: What a user should know about how they were read, one sentence each.
        counted: What was left out.
    """

    columns: Mapping[str, Sequence[Any]]
    origin: str
    source: str
    unit: str
    numbers: Sequence[int]
    class_names: dict[str, tuple[str, ...]]
    revision: str | None = None
    notes: tuple[str, ...] = ()
    counted: tuple[RowCount, ...] = ()

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

    def only(self, beginnings: Mapping[str, str]) -> "SourceColumns":
        """Return the rows whose columns' texts begin as given.

        Raises:
            NoRowsError: there are none.
        """
        if not beginnings:
            return self
        kept = [
            row
            for row in range(len(self))
            if all(str(self.columns[name][row]).startswith(start) for name, start in beginnings.items())
        ]
        if not kept:
            wanted = " and ".join(
                f"{cut(name)} begins with {in_short(start)}" for name, start in beginnings.items()
            )
            raise NoRowsError(f"{self.origin}: no row's {wanted}; correct 'only'")
        columns = {name: [values[row] for row in kept] for name, values in self.columns.items()}
        return replace(self, columns=columns, numbers=[self.numbers[row] for row in kept])


def find_columns(
    origin: str, found: Sequence[str], needed: Sequence[str], rename: Mapping[str, str], remedy: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the source's column for each that a task needs, and a note about those in other letter case.

    A column that `rename` (the source's name -> the task's) knows comes before one of the task's own name; of
    both the exact name comes first, then one that differs in letter case and blanks around it alone.

    Raises:
        MissingColumnError: one is missing, or two columns may be meant; names those that are there.
    """
    columns, notes, missing = {}, [], []
    for name in dict.fromkeys(needed):
        theirs = [old for old, new in rename.items() if new == name]
        column = next(filter(None, (_alike(origin, found, one, remedy) for one in (*theirs, name))), None)
        if column is None:
            missing.append(name)
            continue
        columns[name] = column
        if column not in (*theirs, name):
            notes.append(f"{in_short(column)} as {cut(name)}")
    if missing:
        raise MissingColumnError(
            f"{origin}: no column {values_in_short(missing)}; "
            f"its columns are {values_in_short(found) or 'none'}. {remedy}"
        )
    return columns, (f"{origin}: its column {names_in_short(notes)} is read",) if notes else ()


def _alike(origin: str, found: Sequence[str], name: str, remedy: str) -> str | None:
    exact = [one for one in found if one == name]
    alike = exact or [one for one in found if one.strip().casefold() == name.strip().casefold()]
    if len(alike) > 1:
        raise MissingColumnError(
            f"{origin}: {values_in_short(alike)} may each be the column {in_short(name)} (the header "
            f"names it more than once). {remedy}"
        )
    return alike[0] if alike else None


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

"""What every kind makes of a source, and what all of them check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import UserError
from harness.kinds.columns import RowCount, SourceColumns

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset


class FaultyRowError(UserError):
    """A row is not what the task's kind needs."""


@dataclass(frozen=True)
class Examples:
    """The rows of a kind.

    Attributes:
        dataset: text_a (string), text_b (string or null), which hold all text, and the kind's own columns.
        labels: Names of the label ids; empty where the kind has none.
        dropped: Rows of the source that were left out.
        dropped_since: Why, as a clause.
        counted: What was left out, moved, or is not as it should be.
    """

    dataset: "Dataset"
    labels: tuple[str, ...] = ()
    dropped: int = 0
    dropped_since: str = ""
    counted: tuple[RowCount, ...] = ()


def table(columns: Mapping[str, Sequence[Any]], types: Mapping[str, "pa.DataType"]) -> "Dataset":
    """Return columns as a data set: text_a and text_b as strings, the others of the types given."""
    import pyarrow as pa
    from datasets import Dataset

    known = {"text_a": pa.string(), "text_b": pa.string(), **types}
    return Dataset(pa.table({name: pa.array(values, known[name]) for name, values in columns.items()}))


def fault(source: SourceColumns, row: int, what: str, remedy: str) -> FaultyRowError:
    """Return the error of a row: where it stands, what is wrong, what to do."""
    return FaultyRowError(f"{source.place(row)}: {what}; {remedy}")

"""The data set of classification rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset


def classification_dataset(
    text_a: Sequence[str],
    text_b: Sequence[str] | None,
    label: Sequence[int],
    item_id: Sequence[str] | None = None,
) -> "Dataset":
    """Build the data set: text_a and text_b as string (text_b null for single texts), label as int64.

    With `item_id`, that column (string) comes first.
    """
    import pyarrow as pa
    from datasets import Dataset

    columns: dict[str, Any] = {"item_id": item_id} if item_id is not None else {}
    columns["text_a"] = text_a
    columns["text_b"] = text_b if text_b is not None else [None] * len(text_a)
    columns["label"] = label
    types = {name: pa.int64() if name == "label" else pa.string() for name in columns}
    # Straight to arrow: Dataset.from_dict looks at every value and takes several times as long.
    return Dataset(pa.table({name: pa.array(columns[name], types[name]) for name in columns}))

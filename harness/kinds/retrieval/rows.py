"""Rows of retrieval: queries beside candidates, or two lists of sentences one behind the other."""

from collections.abc import Sequence
from typing import Any

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, table
from harness.kinds.input_texts import input_texts, placeholders
from harness.kinds.retrieval.task import RetrievalTask


def examples(task: RetrievalTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b, row (int64); of mining text_a, text_b (null), id, translations."""
    import pyarrow as pa

    own: dict[str, Sequence[Any]]
    if task.search == "nearest":
        first, second = input_texts(source, (task.query, task.candidate))
        own, types = {"row": range(len(source))}, {"row": pa.int64()}
    else:
        first, second = input_texts(source, ("sentence",))
        own = {name: source.columns[name] for name in ("id", "translations")}
        types = {"id": pa.string(), "translations": pa.list_(pa.string())}
    nothing: Sequence[str | None] = [None] * len(source)
    columns = {"text_a": first, "text_b": second or nothing, **own}
    return Examples(table(columns, types), counted=placeholders(first, second))

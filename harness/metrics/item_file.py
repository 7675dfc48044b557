"""The one Parquet table of predictions and item scores: in the store, and beside a published page.

In the store it holds one checkpoint; beside a page all of them, with `sequence` and `seed` in front. A row is
one item under one metric:

| column | type | |
|---|---|---|
| task, language | text | the evaluation task and its language |
| item | text | id within the task, in evaluation order |
| cluster | text | items of a corpus with one cluster are sampled together: translations, one passage |
| prediction, reference | text | as the metric compares them; what is no text as JSON (`encode`) |
| metric | text | the headline metric's rows come first |
| numerator, denominator | float64 | the task's score is Σ numerator / Σ denominator |

Texts are dictionary-encoded, so that a label or a reference costs a few bits however often it occurs.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.message_text import first_line
from harness.metrics.item_scores import (
    Array,
    ItemScores,
    Predictions,
    PredictionsError,
    TaskItems,
    Texts,
)
from harness.metrics.shared_columns import SharedColumns

LAST_OF_FIRST_FORMAT = "6accfc0"
_ROW_GROUP = 1 << 20
_PAGE_BYTES = 1 << 22
_DICTIONARY_BYTES = 1 << 26
_ROWS_AT_ONCE = 1 << 14
_MOST_BYTES = 16 << 30
_LONGEST_TEXT = 1 << 16
_ITEM_TEXTS = ("item", "cluster", "prediction", "reference")
_TEXT = pa.dictionary(pa.int32(), pa.string())
_COLUMNS = [
    *((name, _TEXT) for name in ("task", "language", *_ITEM_TEXTS, "metric")),
    *((name, pa.float64()) for name in ("numerator", "denominator")),
]
STORED = pa.schema(_COLUMNS)
PUBLISHED = pa.schema([("sequence", _TEXT), ("seed", pa.int32()), *_COLUMNS])


def write_items(tasks: Iterable[TaskItems], path: Path) -> int:
    """Write the items of one checkpoint, as stores hold them; return the number of rows.

    Raises:
        PredictionsError: A text is longer than what can be read back.
    """
    return _write((_table(task, {}, STORED) for task in tasks), STORED, path)


def read_items(path: Path, shared: SharedColumns | None = None) -> dict[str, TaskItems]:
    """Read the items of one checkpoint, by task.

    Args:
        path: The file.
        shared: Columns of the files read before, which this one's refer to where they are the same.

    Raises:
        PredictionsError: The file is missing or damaged, or of another format.
    """
    return _tasks(path, _read(path, STORED), shared or SharedColumns())


def write_predictions(predictions: Predictions, path: Path) -> int:
    """Write the items of all checkpoints, as pages have them; return the number of rows.

    Raises:
        PredictionsError: A text is longer than what can be read back.
    """
    parts = (
        _table(task, {"sequence": sequence, "seed": seed}, PUBLISHED)
        for (sequence, seed), tasks in predictions.items()
        for task in tasks.values()
    )
    return _write(parts, PUBLISHED, path)


def read_predictions(path: Path) -> Predictions:
    """Read the items of all checkpoints; columns that they share are one object in memory.

    Raises:
        PredictionsError: The file is missing or damaged, or of another format.
    """
    table = read_published_table(path)
    sequences, seeds = table["sequence"].combine_chunks(), table["seed"].to_numpy()
    shared = SharedColumns()
    found: Predictions = {}
    for start, end in _runs(sequences.indices.to_numpy(), seeds):
        checkpoint = (sequences[start].as_py(), int(seeds[start]))
        if checkpoint in found:
            raise PredictionsError(
                f"{path}: the rows of {checkpoint[0]}, seed {checkpoint[1]} are not together"
            )
        found[checkpoint] = _tasks(path, table.slice(start, end - start), shared)
    return found


def read_published_table(path: Path) -> pa.Table:
    """Read the items of all checkpoints as an Arrow table with the columns of `PUBLISHED`.

    Raises:
        PredictionsError: The file is missing or damaged, or of another format.
    """
    return _read(path, PUBLISHED)


def _table(task: TaskItems, place: Mapping[str, str | int], schema: pa.Schema) -> pa.Table:
    size, parts = len(task), []
    first = pa.array(np.zeros(size, np.int32))
    texts: dict[str, Any] = {name: getattr(task, f"{name}s").array() for name in _ITEM_TEXTS}
    for name, text in (("task", task.task), ("language", task.language)):
        texts[name] = pa.DictionaryArray.from_arrays(first, pa.array([text]))
    if "sequence" in place:
        texts["sequence"] = pa.DictionaryArray.from_arrays(first, pa.array([place["sequence"]]))
        texts["seed"] = pa.array(np.full(size, place["seed"], np.int32))
    longest = max(map(_longest, (texts[name].dictionary for name in (*_ITEM_TEXTS, "task"))))
    if longest > _LONGEST_TEXT:
        raise PredictionsError(
            f"{task.task}: a prediction, reference or id has {longest:,} bytes; at most {_LONGEST_TEXT:,} "
            "can be stored"
        )
    for metric, scores in task.scores.items():
        columns = texts | {
            "metric": pa.DictionaryArray.from_arrays(first, pa.array([metric])),
            "numerator": pa.array(scores.numerators.astype(np.float64)),
            "denominator": pa.array(scores.denominators.astype(np.float64)),
        }
        parts.append(pa.table({name: columns[name] for name in schema.names}, schema=schema))
    return pa.concat_tables(parts)


def _write(parts: Iterable[Any], schema: pa.Schema, path: Path) -> int:
    """Write a file row group by row group: the whole of it may be larger than the memory."""
    rows = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=9,
        data_page_size=_PAGE_BYTES,
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        max_rows_per_page=_ROW_GROUP,
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        for group in _groups(parts):
            table = pa.concat_tables(group).unify_dictionaries()
            writer.write_table(table, row_group_size=len(table))
            rows += len(table)
    return rows


def _groups(parts: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the parts that make up a row group, together just over `_ROW_GROUP` rows."""
    group: list[Any] = []
    for part in parts:
        group.append(part)
        if sum(map(len, group)) >= _ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def _read(path: Path, schema: pa.Schema) -> Any:
    """Read a file's columns, each in one chunk, those of text as codes of one dictionary."""
    if not path.is_file():
        raise PredictionsError(f"{path}: there is no such predictions file")
    texts = [field.name for field in schema if field.type == _TEXT]
    try:
        _require_columns(path, pq.read_schema(path), schema)
        file = pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=texts)
        table = _within_limit(path, file, schema.names).select(schema.names)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise PredictionsError(f"{path}: not a readable parquet file ({first_line(error)})") from error
    if any(table[column].null_count for column in schema.names):
        raise PredictionsError(f"{path}: values are missing in it")
    for number, name in enumerate(schema.names):
        if name in texts and not pa.types.is_dictionary(table[name].type):
            # An empty file has no dictionary.
            table = table.set_column(number, name, table[name].dictionary_encode())
    return table.unify_dictionaries().combine_chunks()


def _require_columns(path: Path, found: pa.Schema, schema: pa.Schema) -> None:
    if "label" in found.names and "metric" not in found.names:
        raise PredictionsError(
            f"{path}: predictions of the first format (labels as numbers), which xstilts reads up to commit "
            f"{LAST_OF_FIRST_FORMAT}; score the checkpoint again with `xstilts run` or `xstilts eval`"
        )
    if missing := [column for column in schema.names if column not in found.names]:
        raise PredictionsError(f"{path}: the columns {', '.join(missing)} are missing")
    for field in schema:
        kind = found.field(field.name).type
        text = pa.types.is_string(kind) or (
            pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)
        )
        if field.type == _TEXT and not text:
            raise PredictionsError(f"{path}: the column {field.name} is no text")
        if field.type not in (_TEXT, kind):
            raise PredictionsError(f"{path}: the column {field.name} is {kind}, not {field.type}")


def _within_limit(path: Path, file: pq.ParquetFile, columns: list[str]) -> Any:
    """Read a table bit by bit: a page from elsewhere may bring a small file that unpacks to terabytes."""
    batches, size = [], 0
    # Handing a small file to threads and back takes longer than reading it.
    threads = file.metadata.num_rows > _ROW_GROUP
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=threads):
        size += batch.nbytes
        # References to one long text are small until they are followed.
        texts = [column.dictionary for column in batch.columns if isinstance(column, pa.DictionaryArray)]
        if any(_longest(text) > _LONGEST_TEXT for text in texts):
            raise PredictionsError(f"{path}: holds a text of more than {_LONGEST_TEXT:,} bytes; not read")
        if size > _MOST_BYTES:
            raise PredictionsError(f"{path}: unpacks to more than {_MOST_BYTES / 2**30:.0f} GiB; not read")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=None if batches else file.schema_arrow)


def _longest(texts: Any) -> int:
    return pc.max(pc.binary_length(texts)).as_py() or 0


def _runs(*codes: Array) -> Iterator[tuple[int, int]]:
    """Yield start and end of the stretches of rows that have the same codes."""
    size = len(codes[0])
    if not size:
        return
    changed = np.zeros(size - 1, np.bool_)
    for code in codes:
        changed |= code[1:] != code[:-1]
    starts = [0, *(np.flatnonzero(changed) + 1).tolist()]
    yield from zip(starts, [*starts[1:], size], strict=True)


class _Run(NamedTuple):
    texts: tuple[Any, ...]
    scores: ItemScores


def _tasks(path: Path, table: Any, shared: SharedColumns) -> dict[str, TaskItems]:
    """Split the rows of one checkpoint by task and metric."""
    task, language, metric = (table[name].combine_chunks() for name in ("task", "language", "metric"))
    columns = [table[name].combine_chunks() for name in _ITEM_TEXTS]
    scores = [table[name].to_numpy() for name in ("numerator", "denominator")]
    found: dict[str, dict[str, _Run]] = {}
    languages: dict[str, str] = {}
    last = None
    for start, end in _runs(*(column.indices.to_numpy() for column in (task, language, metric))):
        name, code, own = (column[start].as_py() for column in (task, language, metric))
        metrics = found.setdefault(name, {})
        texts = tuple(column[start:end] for column in columns)
        if own in metrics or (metrics and last != (name, code)):
            raise PredictionsError(f"{path}: the rows of {name} are not together")
        if metrics and not all(map(_same, next(iter(metrics.values())).texts, texts)):
            raise PredictionsError(f"{path}: {name} has other items or answers under {own} than before")
        try:
            given = ItemScores.of(*(values[start:end] for values in scores))
        except ValueError as error:
            raise PredictionsError(f"{path}: {name}, {own}: {error}") from error
        metrics[own] = _Run(texts, shared.scores(name, own, given))
        languages[name], last = code, (name, code)
    tasks = {}
    for name, metrics in found.items():
        rows = next(iter(metrics.values())).texts
        items, clusters, predictions, references = (
            Texts.encoded(own) if column == "prediction" else shared.texts(name, column, own)
            for column, own in zip(_ITEM_TEXTS, rows, strict=True)
        )
        under = {own: run.scores for own, run in metrics.items()}
        tasks[name] = TaskItems(name, languages[name], items, clusters, predictions, references, under)
    return tasks


def _same(first: Any, second: Any) -> bool:
    return bool(first.indices.equals(second.indices))

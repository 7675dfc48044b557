"""Rows of a file below the data folder: tables, SQuAD's JSON, CoNLL's columns, plain text."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.sources.conll_file import conll_columns
from harness.data.sources.json_text import json_value
from harness.data.sources.squad_file import squad_columns
from harness.data.sources.text_file import MalformedFileError, file_lines, file_text
from harness.kinds.columns import SourceColumns, require_columns
from harness.kinds.sources import FolderSource
from harness.message_text import in_short, names_in_short

_HEADER_REMEDY = (
    "Correct the columns that the task names; where the file has no header line, "
    "give its column names as 'columns' of the folder source."
)
_ROWS_AT_ONCE = 1024
_MOST_BYTES = 8 * 2**30

_NAMES_REMEDY = "Correct the columns that the task names, or the file."


def read_file(path: Path, source: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    """Read the needed columns of a data file.

    Raises:
        MalformedFileError: not readable, not UTF-8, NUL bytes, empty, uneven lines, not a text or label.
        MissingColumnError: a column is not there.
    """
    if source.format == "parquet":
        return _parquet(path, source, needed)
    text = file_text(path)
    match source.format:
        case "jsonl":
            return _jsonl(path, text, source, needed)
        case "squad":
            return squad_columns(path, text, _source(source), needed)
        case "conll":
            return conll_columns(path, text, _source(source), source.columns or needed, needed)
        case "text":
            return _texts(path, text, source, needed)
    if source.format == "csv":
        names, records, lines = _csv_records(path, text, source.columns)
    else:
        names, records, lines = _tsv_records(path, text, source.columns)
    require_columns(str(path), names, needed, _HEADER_REMEDY)
    _require_even(path, names, records, lines)
    positions = {name: names.index(name) for name in needed}
    columns = {name: [record[at] for record in records] for name, at in positions.items()}
    return SourceColumns(columns, str(path), _source(source), "line", lines, {})


def _tsv_records(
    path: Path, text: str, columns: tuple[str, ...] | None
) -> tuple[Sequence[str], list[list[str]], Sequence[int]]:
    """Split at tabs and nothing else: a quote is text, and so are 'NA' and the empty string."""
    records = [line.split("\t") for line in file_lines(text)]
    if columns is not None:
        return columns, records, range(1, len(records) + 1)
    header = _header(path, records[0])
    return header, records[1:], range(2, len(records) + 1)


def _csv_records(
    path: Path, text: str, columns: tuple[str, ...] | None
) -> tuple[Sequence[str], list[list[str]], Sequence[int]]:
    """Read RFC 4180; a record may span lines and is known by the line on which it ends."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, lines = [], []
    try:
        for record in reader:
            records.append(record)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise MalformedFileError(
            f"{path}, line {reader.line_num}: {error}; correct the quoting, or say 'format: tsv' if tabs "
            "separate the columns"
        ) from error
    if columns is not None:
        return columns, records, lines
    return _header(path, records[0]), records[1:], lines[1:]


def _header(path: Path, names: list[str]) -> list[str]:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise MalformedFileError(
            f"{path}, line 1: the header names {in_short(twice[0])} more than once. {_HEADER_REMEDY}"
        )
    return names


def _require_even(path: Path, names: Sequence[str], records: list[list[str]], lines: Sequence[int]) -> None:
    if not records:
        raise MalformedFileError(f"{path}: holds a header and no rows; put the data set's file there again")
    width = len(names)
    for record, line in zip(records, lines, strict=True):
        if len(record) != width:
            raise MalformedFileError(
                f"{path}, line {line}: {len(record)} field(s) where {width} are due "
                f"({names_in_short(names)}): {in_short(record)}; correct the line, or the "
                "source's 'format' and 'columns'"
            )


def _texts(path: Path, text: str, source: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    require_columns(str(path), source.columns or ("text",), needed, "A text file has one column, 'text'.")
    filled = [(number, line) for number, line in enumerate(file_lines(text), start=1) if line.strip()]
    numbers = [number for number, _ in filled]
    return SourceColumns(
        {needed[0]: [line for _, line in filled]}, str(path), _source(source), "line", numbers, {}
    )


def _jsonl(path: Path, text: str, source: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    columns: dict[str, list[Any]] = {name: [] for name in needed}
    lines = file_lines(text)
    for number, line in enumerate(lines, start=1):
        record = json_value(path, f", line {number}", line)
        if not isinstance(record, dict):
            raise MalformedFileError(
                f"{path}, line {number}: {in_short(line)} is not an object; one a line is due"
            )
        require_columns(f"{path}, line {number}", list(record), needed, _NAMES_REMEDY)
        for name in needed:
            columns[name].append(record[name])
    return SourceColumns(dict(columns), str(path), _source(source), "line", range(1, len(lines) + 1), {})


def _parquet(path: Path, source: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        require_columns(str(path), names, needed, _NAMES_REMEDY)
        table = _within_limit(path, pq.ParquetFile(path), needed)
        # A damaged file's offsets and texts are taken as they are until they are asked about.
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise MalformedFileError(
            f"{path}: not a readable parquet file ({reason}); download it again, or correct 'format'"
        ) from error
    if table.num_rows == 0:
        raise MalformedFileError(f"{path}: holds no rows; put the data set's file there again")
    columns = {name: table.column(name).to_pylist() for name in needed}
    return SourceColumns(columns, str(path), _source(source), "row", range(1, table.num_rows + 1), {})


def _within_limit(path: Path, file: Any, needed: tuple[str, ...]) -> Any:
    """Read columns bit by bit, so that a small file cannot unpack to more than memory holds."""
    import pyarrow as pa

    batches, size = [], 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(needed)):
        # References to one long text are small until they are followed.
        arrays = [
            column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
            for column in batch.columns
        ]
        size += sum(array.nbytes for array in arrays)
        if size > _MOST_BYTES:
            raise MalformedFileError(
                f"{path}: unpacks to more than {_MOST_BYTES / 2**30:.0f} GiB, which is more than is read at "
                "once; split the data set"
            )
        batches.append(pa.RecordBatch.from_arrays(arrays, batch.schema.names))
    return pa.Table.from_batches(batches, schema=None if batches else file.schema_arrow)


def _source(source: FolderSource) -> str:
    return f"folder: {source.path}"

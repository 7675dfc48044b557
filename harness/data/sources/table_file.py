"""Rows of tables whose columns are separated by tabs or commas."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.sources.bad_lines import BadLines
from harness.data.sources.text_file import MalformedFileError, file_lines
from harness.kinds.columns import SourceColumns, find_columns
from harness.kinds.sources import FolderSource
from harness.message_text import in_short, names_in_short

_HEADER_REMEDY = (
    "Correct the columns that the task names, or say by 'rename' which column of the file is which; where "
    "the file has no header line, give its column names as 'columns' of the folder source."
)
_LONGEST_CELL = 2**31 - 1
# A field in quotes with its quotes doubled, or one without quotes, and what ends it.
_FIELD = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^"\t\n]*+))(\t|\n|\Z)')
_LOOKS_QUOTED = re.compile(r'(?:^|\t)"(?:[^"\t\n]|"")*""(?:[^"\t\n]|"")*"(?=\t|\n|\Z)', re.MULTILINE)
_NUMBER = re.compile(r"[-+]?[\d.]*(?:[eE][-+]?\d+)?|NA|NULL")
_SEPARATORS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
_FEWEST_TELLING = 3


@dataclass(frozen=True)
class _Records:
    """Records of a table, the line on which each ends, and what to tell of how they were read."""

    fields: list[list[str]]
    lines: Sequence[int]
    notes: tuple[str, ...] = ()


def table_columns(
    path: Path, text: str, layout: FolderSource, needed: tuple[str, ...], skip_bad: bool | None
) -> SourceColumns:
    """Return the needed columns of a table in the format tsv or csv.

    Raises:
        MalformedFileError: broken quoting, lines with another number of fields than columns, no rows.
        MissingColumnError: a column is not there.
    """
    records = _csv_records(path, text) if layout.format == "csv" else _tsv_records(path, text)
    fields, lines = records.fields, list(records.lines)
    names = layout.columns or tuple(fields[0])
    if layout.columns is None or _same(fields[0], layout.columns):
        fields, lines = fields[1:], lines[1:]
    if not fields:
        raise MalformedFileError(f"{path}: holds a header and no rows; put the data set's file there again")
    wanted = (*needed, *(layout.only or ()))
    remedy = _separator_hint(names, wanted, layout.format) or _HEADER_REMEDY
    found, notes = find_columns(str(path), names, wanted, layout.rename or {}, remedy)
    if layout.columns is not None and all(len(record) == len(names) - 1 for record in fields):
        raise MalformedFileError(
            f"{path}: no line has the column {in_short(names[-1])} ({len(names)} are due: "
            f"{names_in_short(names)}). XTREME's own download takes the labels out of its test files: use "
            "the original release, which has them, or the hub; of another file correct the source's 'columns'"
        )
    bad = BadLines(path, skip_bad)
    for record, line in zip(fields, lines, strict=True):
        if len(record) != len(names):
            bad.add(
                line,
                f"{len(record)} field(s) where {len(names)} are due ({names_in_short(names)}): "
                f"{in_short(record)}",
            )
    left_out = bad.check(len(fields) - len(bad), "Correct the line, or the source's 'format' and 'columns'")
    kept = [(record, line) for record, line in zip(fields, lines, strict=True) if len(record) == len(names)]
    positions = {name: names.index(column) for name, column in found.items()}
    columns = {name: [record[at] for record, _ in kept] for name, at in positions.items()}
    return SourceColumns(
        columns,
        str(path),
        f"folder: {layout.path}",
        "line",
        [line for _, line in kept],
        {},
        notes=(*records.notes, *notes),
        counted=left_out,
    )


def _tsv_records(path: Path, text: str) -> _Records:
    """Split at tabs and nothing else, unless the whole file is written with quotes.

    There are two conventions: none (GLUE, PAWS-X: a quote is text), and that of Python's csv.writer, by which
    XTREME's script writes its files. Which one holds is decided by the whole file.
    """
    filled = file_lines(text)
    records = [line.split("\t") for line in filled]
    lines = range(1, len(records) + 1)
    if '"' not in text:
        return _Records(records, lines)
    quoting = _quoting("\n".join(filled))
    even = len({len(record) for record in records}) == 1
    # A field over several lines or columns that is none: two lines of one width, each with half a quotation.
    if quoting.consistent and not (quoting.spans and even):
        return _reader_records(path, text, "\t")
    strange = 0 if quoting.consistent else len(_LOOKS_QUOTED.findall(text))
    note = (
        f"{path}: {strange:,} field(s) look as if a csv writer had put them in quotes, but not all with "
        "quotes in them do; quotes are read as text"
    )
    return _Records(records, lines, (note,) if strange else ())


@dataclass(frozen=True)
class _Quoting:
    """Whether a table is consistently written with quotes; whether a field in quotes spans several."""

    consistent: bool
    spans: bool = False


def _quoting(text: str) -> _Quoting:
    """Judge a table by all its fields.

    It is written with quotes where every field with a quote in it is in quotes with its own ones doubled, and
    either only fields that need it are in quotes (with spreadsheets: all with a comma), or all but numbers.
    """
    needy = needless = commas = bare_commas = bare_texts = position = 0
    spans = False
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            return _Quoting(consistent=False)
        inner, bare, _ = match.groups()
        position = match.end()
        if inner is None:
            bare_texts += _NUMBER.fullmatch(bare) is None
            bare_commas += "," in bare
        elif '"' in inner or "\t" in inner or "\n" in inner:
            needy += 1
            spans = spans or "\t" in inner or "\n" in inner
        elif "," in inner:
            commas += 1
        else:
            needless += 1
    spreadsheet = not bare_commas and bool(needy or commas >= _FEWEST_TELLING)
    minimal = not needless and (spreadsheet if commas else bool(needy))
    return _Quoting(minimal or not bare_texts, spans)


def _csv_records(path: Path, text: str) -> _Records:
    """Read RFC 4180; a record may span lines and is known by the line on which it ends."""
    records = _reader_records(path, text, ",")
    wide = [record[1:] for record in records.fields if len(record) > 1]
    if wide and all(field.startswith(" ") for record in wide for field in record):
        return _reader_records(path, text, ",", skip_blanks=True)
    return records


def _reader_records(path: Path, text: str, separator: str, *, skip_blanks: bool = False) -> _Records:
    csv.field_size_limit(_LONGEST_CELL)
    source = io.StringIO("\n".join(file_lines(text)) + "\n", newline="")
    reader = csv.reader(source, delimiter=separator, strict=True, skipinitialspace=skip_blanks)
    records, lines = [], []
    try:
        for record in filter(None, reader):
            records.append(record)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise MalformedFileError(
            f"{path}, line {reader.line_num}: {error}; correct the quoting, or say 'format: tsv' if tabs "
            "separate the columns"
        ) from error
    return _Records(records, lines)


def _same(record: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether a file whose columns the source lists has a header line with just these all the same."""
    return [field.strip().casefold() for field in record] == [name.casefold() for name in names]


def _separator_hint(names: Sequence[str], wanted: Sequence[str], form: str) -> str | None:
    """Return what to do where the header is that of a file with another separator."""
    if len(names) != 1 or len(wanted) < 2:
        return None
    for separator, title in _SEPARATORS.items():
        parts = {part.strip().strip('"').casefold() for part in names[0].split(separator)}
        if len(parts) > 1 and parts & {name.casefold() for name in wanted}:
            known = {"\t": "tsv", ",": "csv"}.get(separator)
            remedy = f"say 'format: {known}'" if known else "write the file with commas (csv) or tabs (tsv)"
            return f"Its columns are separated by {title}, where 'format: {form}' was given: {remedy}."
    return None

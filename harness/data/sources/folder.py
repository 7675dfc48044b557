"""Rows of a file below the data folder: tables, SQuAD's JSON, CoNLL's columns, plain text."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data.sources.arrow_file import arrow_columns, is_saved
from harness.data.sources.bad_lines import BadLines
from harness.data.sources.bucc_file import bucc_columns
from harness.data.sources.conll_file import conll_columns
from harness.data.sources.json_text import json_value
from harness.data.sources.squad_file import squad_columns
from harness.data.sources.table_file import table_columns
from harness.data.sources.text_file import MalformedFileError, file_lines, file_text
from harness.kinds.columns import NAMES_REMEDY, SourceColumns, find_columns, require_columns
from harness.kinds.sources import FolderSource
from harness.message_text import in_short


def read_file(
    path: Path, layout: FolderSource, needed: tuple[str, ...], skip_bad: bool | None = None
) -> SourceColumns:
    """Read the needed columns of a data file.

    Args:
        path: The file.
        layout: How it is laid out.
        needed: The columns.
        skip_bad: Whether lines that break the format are left out; None where no row may be missing.

    Raises:
        MalformedFileError: not readable, not UTF-8, NUL bytes, empty, uneven lines, not a text or label.
        MissingColumnError: a column is not there.
    """
    if layout.format in ("parquet", "arrow") or is_saved(path):
        return _kept(arrow_columns(path, layout, needed), layout, needed)
    text = "" if layout.format == "bucc" else file_text(path)
    source = f"folder: {layout.path}"
    wanted = tuple(dict.fromkeys((*needed, *(layout.only or ()))))
    match layout.format:
        case "jsonl":
            found = _jsonl(path, text, layout, needed, skip_bad)
        case "squad":
            found = squad_columns(path, text, source, wanted)
        case "conll" | "conllu":
            found = conll_columns(path, text, layout, wanted)
        case "bucc":
            found = bucc_columns(path, source, wanted)
        case "text":
            found = _texts(path, text, layout, needed)
        case _:
            found = table_columns(path, text, layout, needed, skip_bad)
    return _kept(found, layout, needed)


def _kept(source: SourceColumns, layout: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    """Leave out the rows that 'only' does not want, and then the columns that it alone needs."""
    kept = source.only(layout.only or {})
    return replace(kept, columns={name: kept.columns[name] for name in needed})


def _texts(path: Path, text: str, layout: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    require_columns(str(path), layout.columns or ("text",), needed, "A text file has one column, 'text'.")
    filled = [(number, line) for number, line in enumerate(file_lines(text), start=1) if line.strip()]
    numbers = [number for number, _ in filled]
    return SourceColumns(
        {needed[0]: [line for _, line in filled]}, str(path), f"folder: {layout.path}", "line", numbers, {}
    )


def _jsonl(
    path: Path, text: str, layout: FolderSource, needed: tuple[str, ...], skip_bad: bool | None
) -> SourceColumns:
    if "".join(text[:200].split()).startswith("[{"):
        raise MalformedFileError(
            f"{path}: one JSON array, where JSON Lines are due, an object on each line; write it again, for "
            "example with jq -c '.[]'"
        )
    wanted = (*needed, *(layout.only or ()))
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    numbers: list[int] = []
    notes: tuple[str, ...] = ()
    found: dict[str, str] | None = None
    bad = BadLines(path, skip_bad)
    for number, line in enumerate(file_lines(text), start=1):
        if not line.strip():
            continue
        try:
            record = json_value(path, f", line {number}", line)
        except MalformedFileError as error:
            bad.add(number, str(error).removeprefix(f"{path}, line {number}: "))
            continue
        if not isinstance(record, dict):
            bad.add(number, f"{in_short(line)} is not a JSON object; write one object per line")
            continue
        if found is None:
            found, notes = find_columns(
                f"{path}, line {number}", list(record), wanted, layout.rename or {}, NAMES_REMEDY
            )
        missing = [column for column in found.values() if column not in record]
        if missing:
            bad.add(number, f"no column {in_short(missing[0])}")
            continue
        for name, column in found.items():
            columns[name].append(record[column])
        numbers.append(number)
    left_out = bad.check(len(numbers), "Correct it, or download the file again")
    source = f"folder: {layout.path}"
    return SourceColumns(dict(columns), str(path), source, "line", numbers, {}, notes=notes, counted=left_out)

"""Sentences of a file with a word and its tag on each line, as CoNLL and XTREME have them."""

from collections.abc import Sequence
from pathlib import Path

from harness.data.sources.text_file import MalformedFileError, file_lines
from harness.kinds.columns import SourceColumns, require_columns
from harness.message_text import cut, in_short

_START = "-DOCSTART-"


def conll_columns(
    path: Path, text: str, source: str, names: Sequence[str], needed: tuple[str, ...]
) -> SourceColumns:
    """Return one row for each sentence: the lists of its fields, tab-separated in the file.

    Blank lines end sentences; `-DOCSTART-` lines are left out. A row is known by its first line's number.

    Args:
        path: The file, for messages.
        text: Its content.
        source: The source in words.
        names: What the fields of a line are, in order.
        needed: The fields to return.

    Raises:
        MalformedFileError: a line has another number of fields, or an empty one; there is no sentence.
        MissingColumnError: `names` lacks one of `needed`.
    """
    require_columns(str(path), list(names), needed, "Correct the source's 'columns'.")
    sentences: list[list[list[str]]] = []
    numbers: list[int] = []
    within = False
    for number, line in enumerate(file_lines(text), start=1):
        if not line.strip() or line.startswith(_START):
            within = False
            continue
        fields = line.split("\t")
        if len(fields) != len(names) or not all(field.strip() for field in fields):
            raise MalformedFileError(
                f"{path}, line {number}: {in_short(line)} is not {cut(' TAB '.join(names), 200)}; "
                "correct the line, or the source's 'format' and 'columns' (a header line is not allowed)"
            )
        if not within:
            sentences.append([])
            numbers.append(number)
        within = True
        sentences[-1].append(fields)
    if not sentences:
        raise MalformedFileError(f"{path}: holds no sentence; put the data set's file there again")
    columns = {
        name: [[fields[at] for fields in sentence] for sentence in sentences]
        for at, name in enumerate(names)
        if name in needed
    }
    return SourceColumns(columns, str(path), source, "line", numbers, {})

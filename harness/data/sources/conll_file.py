"""Sentences of a file with a word and its tag on each line: CoNLL, XTREME, Universal Dependencies."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.data.sources.text_file import MalformedFileError, file_lines
from harness.kinds.columns import SourceColumns, require_columns
from harness.kinds.sources import FolderSource
from harness.message_text import cut, in_short

_START = "-DOCSTART-"
_CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_WORD_ID = re.compile(r"\d+([-.]\d+)?")
_Line = tuple[int, list[str]]


def conll_columns(path: Path, text: str, layout: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    """Return one row for each sentence: the lists of its fields.

    Fields are separated by tabs, or by blanks where the file has no tab. Without 'columns' the first is the
    word and the last its tag. Blank lines end sentences; `-DOCSTART-` lines and comments are left out. Of
    CoNLL-U (https://universaldependencies.org/format.html) the word is FORM and its tag UPOS; ranges (1-2),
    which repeat the words that follow, and empty nodes (1.1) are no words.
    A row is known by its first line's number.

    Raises:
        MalformedFileError: a line has another number of fields, or an empty one; there is no sentence; the
            file has words without tags.
        MissingColumnError: the source's columns lack one of `needed`.
    """
    sentences = list(_sentences(text))
    if not sentences:
        raise MalformedFileError(f"{path}: holds no sentence; put the data set's file there again")
    names, at = _fields(path, layout, needed, sentences[0][0])
    is_conllu = _is_conllu(layout, sentences[0][0])
    for number, fields in (line for sentence in sentences for line in sentence):
        if len(fields) != len(names) or not all(fields[position].strip() for position in at):
            _refuse(path, number, fields, names)
    if is_conllu:
        sentences = [[line for line in lines if line[1][0].isdecimal()] for lines in sentences]
    columns = {
        name: [[fields[position] for _, fields in sentence] for sentence in sentences if sentence]
        for name, position in zip(needed, at, strict=True)
    }
    numbers = [sentence[0][0] for sentence in sentences if sentence]
    return SourceColumns(columns, str(path), f"folder: {layout.path}", "line", numbers, {})


def _sentences(text: str) -> Iterator[list[_Line]]:
    lines = file_lines(text)
    filled = [line for line in lines if line.strip() and not line.startswith((_START, "#"))]
    separator = "\t" if sum("\t" in line for line in filled) * 2 >= len(filled) else None
    width = len(filled[0].split(separator)) if filled else 0
    sentence: list[_Line] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(_START):
            if sentence:
                yield sentence
            sentence = []
            continue
        fields = line.split(separator)
        # A comment, not the word "#" with its tag.
        if not (line.startswith("#") and (len(fields) != width or line.startswith("# id "))):
            sentence.append((number, fields))
    if sentence:
        yield sentence


def _is_conllu(layout: FolderSource, first: _Line) -> bool:
    fields = first[1]
    return layout.format == "conllu" or (len(fields) == len(_CONLLU) and bool(_WORD_ID.fullmatch(fields[0])))


def _fields(
    path: Path, layout: FolderSource, needed: tuple[str, ...], first: _Line
) -> tuple[Sequence[str], tuple[int, ...]]:
    """Return what the fields of a line are called, and which of them are needed."""
    number, fields = first
    if layout.columns is not None:
        names: Sequence[str] = layout.columns
        require_columns(str(path), names, needed, "Correct the source's 'columns'.")
        return names, tuple(names.index(name) for name in needed)
    if _is_conllu(layout, first):
        default = dict(zip(needed, ("form", "upos"), strict=False))
        wanted = [name.lower() if name.lower() in _CONLLU else default[name] for name in needed]
        return _CONLLU, tuple(_CONLLU.index(name) for name in wanted)
    if len(fields) < len(needed):
        _refuse(path, number, fields, needed)
    return [*needed[:1], *(f"field {at + 2}" for at in range(len(fields) - 2)), *needed[1:]], (
        0,
        len(fields) - 1,
    )


def _refuse(path: Path, number: int, fields: list[str], names: Sequence[str]) -> None:
    where = f"{path}, line {number}"
    if len(fields) == 1 and len(fields[0].split()) == len(names) > 1:
        raise MalformedFileError(
            f"{where}: {in_short(fields[0])} has blanks between its fields, where most lines have tabs; "
            "write all lines with tabs"
        )
    if len(fields) == 1 and len(names) > 1:
        raise MalformedFileError(
            f"{where}: {in_short(fields[0])} has no tag (due: {cut(' TAB '.join(names), 200)}); XTREME's own "
            "download takes the tags out of its test files: use the original release, or the hub"
        )
    raise MalformedFileError(
        f"{where}: {in_short(' '.join(fields))} is not {cut(' TAB '.join(names), 200)}; correct the line, or "
        "the source's 'format' and 'columns' (a header line is not allowed)"
    )

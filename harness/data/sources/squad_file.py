"""Questions of a file in SQuAD's JSON layout, version 1.1 or 2.0."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.sources.json_text import json_value
from harness.data.sources.text_file import MalformedFileError
from harness.kinds.columns import SourceColumns, require_columns
from harness.message_text import in_short

COLUMNS = ("question", "context", "answers", "id")
_TYPES: dict[type, str] = {str: "a text", int: "a whole number", bool: "true or false"}


def squad_columns(path: Path, text: str, source: str, needed: tuple[str, ...]) -> SourceColumns:
    """Return one row for each question: question, context, answers as {text: [...], answer_start: [...]}, id.

    A question that SQuAD 2.0 marks `is_impossible` has no answers, whatever `plausible_answers` it lists.

    Raises:
        MalformedFileError: it is not JSON, or not laid out so; names the place.
        MissingColumnError: the task names other columns.
    """
    require_columns(
        str(path), COLUMNS, needed, "A SQuAD file gives these; leave the task's own column names out."
    )
    content = json_value(path, "", text)
    rows = list(_questions(path, content, needed))
    if not rows:
        raise MalformedFileError(f"{path}: holds no question; put the data set's file there again")
    columns = {name: [row[name] for row in rows] for name in needed}
    return SourceColumns(columns, str(path), source, "question", range(1, len(rows) + 1), {})


def _questions(path: Path, content: Any, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for article, place in _entries(path, content, "data", ""):
        for paragraph, within in _entries(path, article, "paragraphs", place):
            for question, where in _entries(path, paragraph, "qas", within):
                impossible = _value(path, question, "is_impossible", bool, where, False)
                if question.get("is_impossible") is False and not question.get("answers", True):
                    raise MalformedFileError(
                        f"{path}, {where}: no answers, though is_impossible is false; correct the file"
                    )
                if impossible and any(_given(answer) for answer in question.get("answers") or ()):
                    raise MalformedFileError(
                        f"{path}, {where}: answers, though is_impossible is true; correct the file"
                    )
                answers = [] if impossible else list(_entries(path, question, "answers", where))
                yield {
                    "question": _value(path, question, "question", str, where),
                    "context": _value(path, paragraph, "context", str, within),
                    "answers": {
                        "text": [_value(path, answer, "text", str, at) for answer, at in answers],
                        "answer_start": [
                            _value(path, answer, "answer_start", int, at) for answer, at in answers
                        ],
                    },
                    "id": _value(path, question, "id", str, where) if "id" in needed else "",
                }


def _value(path: Path, above: dict[str, Any], key: str, kind: type, place: str, default: Any = None) -> Any:
    """Return the value of a key, of just this type: true is no number, "false" no truth value."""
    found = above.get(key, default)
    if found is None:
        raise MalformedFileError(f"{path}, {place}: no {key!r}; questions as SQuAD lays them out are due")
    if type(found) is not kind:
        raise MalformedFileError(
            f"{path}, {place}.{key}: {in_short(found)} is not {_TYPES[kind]}; correct the file"
        )
    return found


def _given(answer: Any) -> bool:
    """Return whether an answer has a text; some write an empty one where there is none."""
    return not isinstance(answer, dict) or bool(str(answer.get("text") or "").strip())


def _entries(path: Path, above: Any, key: str, place: str) -> Iterator[tuple[dict[str, Any], str]]:
    found = above.get(key) if isinstance(above, dict) else None
    if not isinstance(found, list):
        where = f", {place}" if place else ""
        raise MalformedFileError(
            f"{path}{where}: {key!r} must be a list, as in SQuAD's files, not {in_short(found)}; correct the "
            "file, or the source's 'format'"
        )
    for number, entry in enumerate(found):
        where = f"{place}.{key}[{number}]".removeprefix(".")
        if not isinstance(entry, dict):
            raise MalformedFileError(f"{path}, {where}: {in_short(entry)} is not a JSON object")
        yield entry, where

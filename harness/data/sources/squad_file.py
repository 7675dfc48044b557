"""Questions of a file in SQuAD's JSON layout, version 1.1 or 2.0."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.data.sources.json_text import json_value
from harness.data.sources.text_file import MalformedFileError
from harness.kinds.columns import SourceColumns, require_columns
from harness.message_text import in_short

COLUMNS = ("question", "context", "answers")


def squad_columns(path: Path, text: str, source: str, needed: tuple[str, ...]) -> SourceColumns:
    """Return one row for each question: question, context, answers as {text: [...], answer_start: [...]}.

    A question that SQuAD 2.0 marks `is_impossible` has no answers, whatever `plausible_answers` it lists.

    Raises:
        MalformedFileError: it is not JSON, or not laid out so; names the place.
        MissingColumnError: the task names other columns.
    """
    require_columns(
        str(path), COLUMNS, needed, "A SQuAD file gives these; leave the task's own column names out."
    )
    content = json_value(path, "", text)
    rows = list(_questions(path, content))
    if not rows:
        raise MalformedFileError(f"{path}: holds no question; put the data set's file there again")
    columns = {name: [row[name] for row in rows] for name in needed}
    return SourceColumns(columns, str(path), source, "question", range(1, len(rows) + 1), {})


def _questions(path: Path, content: Any) -> Iterator[dict[str, Any]]:
    for article, place in _entries(path, content, "data", ""):
        for paragraph, within in _entries(path, article, "paragraphs", place):
            for question, where in _entries(path, paragraph, "qas", within):
                impossible = question.get("is_impossible", False)
                answers = [] if impossible else [a for a, _ in _entries(path, question, "answers", where)]
                try:
                    yield {
                        "question": question["question"],
                        "context": paragraph["context"],
                        "answers": {
                            "text": [answer["text"] for answer in answers],
                            "answer_start": [answer["answer_start"] for answer in answers],
                        },
                    }
                except KeyError as error:
                    raise MalformedFileError(
                        f"{path}, {where}: no {error.args[0]!r}; questions as SQuAD lays them out are due"
                    ) from error


def _entries(path: Path, above: Any, key: str, place: str) -> Iterator[tuple[dict[str, Any], str]]:
    found = above.get(key) if isinstance(above, dict) else None
    if not isinstance(found, list):
        where = f", {place}" if place else ""
        raise MalformedFileError(
            f"{path}{where}: a list {key!r} is due, as in SQuAD's files, not {in_short(found)}; correct the "
            "file, or the source's 'format'"
        )
    for number, entry in enumerate(found):
        where = f"{place}.{key}[{number}]".removeprefix(".")
        if not isinstance(entry, dict):
            raise MalformedFileError(f"{path}, {where}: {in_short(entry)} is not an object; one is due")
        yield entry, where

"""The same ten rows through every source and format that a shipped task names give one fingerprint."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import datasets
import pytest

from harness.config.catalogue import Catalogue
from harness.kinds.registry import TrainingTask
from harness.kinds.sources import FolderSource, HubSource, Sources
from tests.user_files.files import Row, comma_table, json_lines, load, packed, squad, table, write

TASKS = {
    name: task
    for name, task in Catalogue.load().training_tasks.items()
    if task.sources.embedded is None and task.kind != "retrieval"  # which has no training rows
}
TEXTS = ['He said "no".', '"No," he said.', "NA", "Straße, 你好", "It rains. ", "a 'b' c"]
_CONLLU = 10


def _rows(task: TrainingTask) -> list[dict[str, Any]]:
    """Ten rows of a task by its own names for columns, labels and tags."""
    return [_row(task, number) for number in range(10)]


def _row(task: Any, number: int) -> dict[str, Any]:
    text = [f"{TEXTS[(number + at) % len(TEXTS)]} {number}" for at in range(10)]
    match task.kind:
        case "classification":
            inputs = dict(zip(task.inputs, text, strict=False))
            return inputs | {task.label: task.labels[number % len(task.labels)]}
        case "regression":
            return dict(zip(task.inputs, text, strict=False)) | {task.score: float(number % 5)}
        case "multiple_choice":
            return _choice(task, number, text)
        case "span_extraction":
            answers = {"text": ["Rome"], "answer_start": [3]}
            return {
                task.question: text[0],
                task.context: f"In Rome. {text[1]}",
                task.answers: answers,
                "id": f"english-{number}",
            }
        case "tagging":
            tags = task.labels or ("N", "V")
            words = [f"w{number}", "“", "10:30"]
            return {task.words: words, task.tags: [tags[0], tags[number % 2], tags[0]]}
    return {task.text: text[0].strip()}


def _choice(task: Any, number: int, text: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(task.inputs, text, strict=False))
    for column, values in (task.input_values or {}).items():
        row[column] = list(values)[number % len(values)]
    count = len(task.choices) if len(task.choices) > 1 else len(task.labels) or 4
    if len(task.choices) > 1:
        row |= dict(zip(task.choices, text[4:], strict=False))
    else:
        first, *within = task.choices[0].split(".")
        row[first] = {within[0]: text[4 : 4 + count]} if within else text[4 : 4 + count]
    right = number % count
    return row | {task.label: task.labels[right] if task.labels else str(right + task.first_label)}


def _as_published(task: Any, layout: FolderSource | None, row: Row) -> dict[str, Any]:
    """A row with the column names and label values that a file of this layout has."""
    names = {theirs: name for name, theirs in (layout.rename if layout and layout.rename else {}).items()}
    values = {name: value for value, name in (getattr(task, "label_values", None) or {}).items()}
    published = dict(row)
    if task.kind == "classification":
        published[task.label] = values.get(row[task.label], row[task.label])
    return {names.get(name, name): value for name, value in published.items()}


def _written(task: Any, layout: FolderSource, rows: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """The rows in a layout's format, in each way that such files are written, with a word for it."""
    published = [_as_published(task, layout, row) for row in rows]
    match layout.format:
        case "tsv":
            names = list(layout.columns or published[0])
            records = [[str(row.get(name, "x")) for name in names] for row in published]
            head = [] if layout.columns else [names]
            for end in ("\n", "\r\n"):
                for quoting in (csv.QUOTE_NONE, csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
                    yield (
                        f"quoting {quoting}, {end!r}",
                        table([*head, *records], quoting=quoting, end=end).encode(),
                    )
        case "jsonl":
            yield "lines", json_lines(published).encode()
        case "squad":
            yield "squad", squad([row | {"question": row[task.question]} for row in published]).encode()
        case "conll":
            for separator in ("\t", " "):
                yield separator, _tagged(task, rows, lambda word, tag, _: (word, tag), separator)
            if task.scheme == "bio":
                yield "raw", _tagged(task, rows, lambda word, tag, _: (f"en:{word}", tag), "\t")
        case "conllu":
            line = lambda word, tag, at: (str(at + 1), word, "_", tag, *["_"] * (_CONLLU - 4))  # noqa: E731
            yield "conllu", b"# sent_id = 1\n" + _tagged(task, rows, line, "\t")
        case "text":
            yield "text", "".join(f"{row[task.text]}\n" for row in rows).encode()
        case "parquet":
            sink = io.BytesIO()
            datasets.Dataset.from_list(published).to_parquet(sink)
            yield "parquet", sink.getvalue()


def _tagged(task: Any, rows: list[dict[str, Any]], line: Any, separator: str) -> bytes:
    sentences = (
        "".join(
            separator.join(line(word, tag, at)) + "\n"
            for at, (word, tag) in enumerate(zip(row[task.words], row[task.tags], strict=True))
        )
        for row in rows
    )
    return "\n".join(sentences).encode()


def _repository(task: Any, rows: list[dict[str, Any]], folder: Path) -> HubSource:
    """A repository as the hub has it, with integer classes whose names stand in another order."""
    content = datasets.Dataset.from_list(rows)
    if task.kind == "classification":
        content = content.cast_column(
            task.label, datasets.ClassLabel(names=sorted(task.labels, reverse=True))
        )
    if task.kind == "tagging" and task.labels:
        names = datasets.ClassLabel(names=sorted(task.labels, reverse=True))
        content = content.cast_column(task.tags, datasets.List(names))
    folder.mkdir()
    content.to_parquet(folder / "train.parquet")
    return HubSource(repository=str(folder))


def _with(task: TrainingTask, sources: Mapping[str, Any]) -> TrainingTask:
    """The task with one source alone, for all of its rows: a share of ten may hold out none."""
    return task.model_copy(update={"sources": Sources(**sources), "further_sources": (), "held_out": None})


@pytest.mark.parametrize("name", TASKS)
def test_ten_rows_have_one_fingerprint_whatever_they_come_from(tmp_path: Path, name: str) -> None:
    task = TASKS[name]
    rows = _rows(task)
    found = {
        "hub": load(_with(task, {"hub": _repository(task, rows, tmp_path / "hub")}), tmp_path).fingerprint
    }
    layouts = [layout for part in task.all_sources for layout in part.layouts]
    assert layouts, f"{name} names no file"
    for number, layout in enumerate(layouts):
        only = {column: f"{start}x" for column, start in (layout.only or {}).items() if column != "id"}
        here = [row | only for row in rows]
        for word, content in _written(task, layout, here):
            for ending in ("", ".zst") if layout.format != "parquet" else ("",):
                data = tmp_path / f"{number}{len(found)}"
                write(data / (layout.path + ending), packed(content, ending))
                rows_read = load(_with(task, {"folder": layout}), data)
                found[f"{layout.path} {word}{ending}"] = rows_read.fingerprint
    assert len(set(found.values())) == 1, found
    if task.kind == "classification":
        own = comma_table([list(rows[0]), *([str(value) for value in row.values()] for row in rows)])
        write(tmp_path / "own.csv", own)
        source = FolderSource(path="own.csv", format="csv")
        assert load(_with(task, {"folder": source}), tmp_path).fingerprint in found.values()

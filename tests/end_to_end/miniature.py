"""Small local rows for every task of a sequence file, in its declared layout, and a tiny model."""

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from harness.config.load import LoadedSequence
from harness.kinds.classification.task import ClassificationTask
from harness.kinds.multiple_choice.task import MultipleChoiceTask
from harness.kinds.registry import TrainingTask, kind_of
from harness.kinds.sources import FolderSource, listed_layouts
from harness.kinds.span_extraction.task import SpanExtractionTask
from harness.kinds.tagging.task import TaggingTask
from harness.planning.content import few_shot_tasks
from harness.planning.orders import iterate_orders
from tests.training import models
from tests.training.families import make_model
from tests.training.text_models import make_mt5

ROWS = 40
"""In each file: of a twentieth of them some are held out."""
_TRAINED = 12
_FAMILIES = {"EuroBERT": "eurobert", "mmBERT": "modernbert", "Qwen3": "qwen3"}
"""Part of a name -> the architecture."""
_MOST_ORDERS = 4
_POSITIONS = 512


def make_miniature(loaded: LoadedSequence, folder: Path) -> Path:
    """Fill a folder with `data/`, `model/` and a smaller copy of a sequence file; return the copy."""
    draw = random.Random(3)
    (folder / "data").mkdir()
    trained = [task for task in loaded.tasks.values() if kind_of(task).is_trained]
    for task in [*trained, *few_shot_tasks(loaded).values()]:
        held_out = [listed_layouts(task.held_out.folder)] if task.held_out else []
        for layouts in [*(part.layouts for part in task.all_sources), *held_out]:
            file = next((layout for layout in layouts if not layout.only), None)
            if file is not None and not (folder / "data" / file.path).exists():
                write_files(task, file, folder / "data", draw)
    for leaf, wanted in loaded.scored_splits.items():
        task = leaf.corpus.task
        tuned = ("validation",) if kind_of(task).tuned_on_validation(task) else ()
        for split in dict.fromkeys((wanted, *tuned)):
            layouts = leaf.corpus.sources(leaf.language, split).layouts
            for file in [layout for layout in layouts if not layout.only][:1]:
                write_files(task, file, folder / "data", draw)
    _make_model(loaded.spec.model, folder / "model")
    copy = folder / f"{loaded.spec.name}.yaml"
    copy.write_text(yaml.safe_dump(_smaller(loaded, folder), sort_keys=False))
    return copy


def _smaller(loaded: LoadedSequence, folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(loaded.path.read_text())
    content["model"] = str(folder / "model")
    content["seeds"] = content["seeds"][:1]
    training = content.setdefault("training", {})
    training |= {"steps": 2, "batch_size": 4, "precision": "fp32", "train_rows": _TRAINED}
    training.pop("epochs", None)
    few = content.get("few_shot") or {}
    for settings in [*training.get("per_task", {}).values(), few.get("training", {})]:
        for key in ("epochs", "steps", "train_rows"):
            settings.pop(key, None)
    # A stage of a mixture must come to each of its tasks.
    for name, mixture in content.get("mixtures", {}).items():
        own = training.setdefault("per_task", {}).setdefault(name, {})
        own["steps"] = 3 * len(mixture["tasks"])
    if few:
        few["k"] = few["k"][:1]
    orders = list(iterate_orders(loaded.spec))
    if len(orders) > _MOST_ORDERS:
        chosen = dict.fromkeys([*orders[: _MOST_ORDERS - 1], orders[-1]])
        repeats = any(len(set(order)) < len(order) for order in chosen)
        content["orders"] = {"listed": [list(order) for order in chosen], "repeats": repeats}
    return content


def write_files(task: TrainingTask, file: FolderSource, folder: Path, draw: random.Random) -> None:
    """Write the file of a layout, and those that go with it."""
    _write(folder / file.path, _content(task, file, draw))
    for other in (file.aligned or {}).values():
        _write(folder / other, _content(task, file, draw))
    if file.format == "bucc":
        path = folder / file.path
        _write(path.with_suffix(".en"), _sentences("en", draw))
        _write(path.with_suffix(".gold"), "".join(f"own-{row}\ten-{row}\n" for row in range(0, ROWS, 2)))


def _sentences(name: str, draw: random.Random) -> str:
    return "".join(f"{name}-{row}\t{_text(draw)}\n" for row in range(ROWS))


def _content(task: TrainingTask, file: FolderSource, draw: random.Random) -> str | bytes:
    if isinstance(task, SpanExtractionTask):
        return json.dumps({"data": [{"title": "", "paragraphs": list(_paragraphs(draw))}]})
    if isinstance(task, TaggingTask):
        tags = task.labels or ("A", "B", "C")
        names = {task.words: "word", task.tags: "tag"}
        columns = [names[name] for name in file.columns or (task.words, task.tags)]
        sentences = []
        for row in range(ROWS):
            fields = [
                {"word": draw.choice(models.WORDS), "tag": tags[(row + at) % len(tags)]} for at in range(5)
            ]
            sentences.append("".join("\t".join(field[name] for name in columns) + "\n" for field in fields))
        return "\n".join(sentences)
    if isinstance(task, ClassificationTask | MultipleChoiceTask):
        rows = [_row(task, number, draw) for number in range(ROWS)]
        return _table(rows, file)
    if file.format == "bucc":
        return _sentences("own", draw)
    return "".join(f"{_text(draw)}\n" for _ in range(ROWS))


def _row(task: ClassificationTask | MultipleChoiceTask, number: int, draw: random.Random) -> dict[str, Any]:
    row: dict[str, Any] = {name: _text(draw) for name in task.inputs}
    if isinstance(task, ClassificationTask):
        # Names are read whatever else a task reads; another task with other values may have the same file.
        return row | {task.label: task.labels[number % len(task.labels)]}
    row |= {name: next(iter(values)) for name, values in (task.input_values or {}).items()}
    count = len(task.choices) if len(task.choices) > 1 else len(task.labels) or 4
    candidates = [_text(draw) for _ in range(count)]
    if len(task.choices) > 1:
        row |= dict(zip(task.choices, candidates, strict=True))
    else:
        first, *within = task.choices[0].split(".")
        row[first] = {within[0]: candidates} if within else candidates
    right = number % count
    return row | {task.label: task.labels[right] if task.labels else right + task.first_label}


def _table(rows: list[dict[str, Any]], file: FolderSource) -> str | bytes:
    if file.format == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        return sink.getvalue()
    if file.format == "jsonl":
        return "".join(f"{json.dumps(row)}\n" for row in rows)
    separator = {"tsv": "\t", "csv": ","}[file.format]
    names = file.columns or tuple(rows[0])
    lines = [[str(row.get(name, "0")) for name in names] for row in rows]
    head = [] if file.columns else [list(names)]
    return "".join(f"{separator.join(line)}\n" for line in [*head, *lines])


def _paragraphs(draw: random.Random) -> Iterator[dict[str, Any]]:
    for row in range(ROWS):
        words = draw.choices(models.WORDS, k=20)
        answer = {"text": words[0], "answer_start": 0}
        yield {
            "context": " ".join(words),
            "qas": [{"id": str(row), "question": _text(draw), "answers": [answer], "is_impossible": False}],
        }


def _text(draw: random.Random) -> str:
    return " ".join(draw.choices(models.WORDS, k=draw.randint(4, 9)))


def _write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def _make_model(name: str, folder: Path) -> None:
    """Make a tiny random model of the architecture of the one that a sequence file names."""
    if "mt5" in name:
        make_mt5(folder)
    elif "xlm-roberta" in name:
        models.make_xlm_roberta(folder, positions=_POSITIONS)
    elif name.startswith("embedded:"):
        models.make_bert(folder, positions=_POSITIONS, any_text=True)
    else:
        (family,) = (family for part, family in _FAMILIES.items() if part in name)
        make_model(folder, family, positions=_POSITIONS)

"""Data files as users have them: the same rows written in each published layout and format."""

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import read_yaml
from harness.data.rows import TrainingRows, load_training_rows
from harness.kinds.registry import TrainingTask

Row = Mapping[str, Any]


def own_task(folder: Path, **content: Any) -> TrainingTask:
    """Write a task of a user's own, and return it as read."""
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"name": "own", "title": "Mine"} | content))
    return check_training_task(read_yaml(path), {})


def nli(folder: Path, source: Any, **content: Any) -> TrainingTask:
    """Return a task of sentence inference with the columns premise, hypothesis and label."""
    fields = {"inputs": ["premise", "hypothesis"], "label": "label"}
    labels = ["entailment", "neutral", "contradiction"]
    head = {"kind": "classification", "labels": labels, "sources": {"folder": source}}
    return own_task(folder, **(head | fields | content))


def paraphrases(folder: Path, source: Any, **content: Any) -> TrainingTask:
    """Return a task of paraphrases with the columns sentence1, sentence2 and label (0 or 1)."""
    fields = {"inputs": ["sentence1", "sentence2"], "label_values": {"0": "different", "1": "same"}}
    return nli(folder, source, **(fields | {"labels": ["different", "same"]} | content))


def tagged(folder: Path, source: Any, **content: Any) -> TrainingTask:
    """Return a tagging task with the columns words and tags."""
    return own_task(folder, **({"kind": "tagging", "sources": {"folder": source}} | content))


def questions(folder: Path, source: Any, **content: Any) -> TrainingTask:
    """Return a task of span extraction."""
    return own_task(folder, **({"kind": "span_extraction", "sources": {"folder": source}} | content))


def load(task: TrainingTask, data: Path) -> TrainingRows:
    """Load a task's rows from a data folder."""
    return load_training_rows(task, data_dir=data)


def pairs(rows: TrainingRows) -> list[tuple[str, str | None, str]]:
    """Return the texts and the label of each row."""
    found = rows.dataset
    names = [rows.labels[label] for label in found["label"][:]]
    return list(zip(found["text_a"][:], found["text_b"][:], names, strict=True))


def write(path: Path, content: str | bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(records: Sequence[Sequence[str]], *, quoting: int = csv.QUOTE_NONE, end: str = "\n") -> str:
    """Return a tab-separated table: without quotes, or as Python's csv writer writes it."""
    if quoting == csv.QUOTE_NONE:
        return "".join("\t".join(record) + end for record in records)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter="\t", quoting=quoting, lineterminator=end).writerows(records)
    return text.getvalue()


def comma_table(records: Sequence[Sequence[str]], end: str = "\n") -> str:
    """Return a comma-separated table."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(records)
    return text.getvalue()


def json_lines(rows: Sequence[Row]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows)


def squad(rows: Sequence[Row]) -> str:
    """Return questions (question, context, answers as a table has them) in SQuAD's layout."""
    paragraphs = []
    for number, row in enumerate(rows):
        starts, texts = row["answers"]["answer_start"], row["answers"]["text"]
        answers = [{"text": text, "answer_start": at} for text, at in zip(texts, starts, strict=True)]
        question = {"id": row.get("id", f"english-{number}"), "question": row["question"], "answers": answers}
        paragraphs.append({"context": row["context"], "qas": [question]})
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]})


PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": None}


def packed(content: bytes, ending: str) -> bytes:
    """Return bytes compressed as the ending of a file's name says."""
    if ending == ".zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        return sink.getvalue().to_pybytes()
    compress = PACKED[ending]
    assert compress is not None
    return compress(content)

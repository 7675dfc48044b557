"""A whole experiment in a folder: a tiny model, two intermediate tasks, XNLI-like files, a sequence file."""

import random
from pathlib import Path

from tests.training.models import WORDS, make_bert

LANGUAGES = ("en", "de", "sw")
NLI = ("entailment", "neutral", "contradiction")


def make_experiment(
    folder: Path, *, rows: int = 48, settings: str = "", orders: str = "all", seeds: str = "[1, 2]"
) -> Path:
    """Fill a folder and return its sequence file; `data/` is the data folder."""
    make_bert(folder / "model")
    drawing = random.Random(11)
    data = folder / "data"
    _write(data / "xtreme" / "xnli" / "train-en.tsv", _nli(drawing, rows))
    items = _nli(drawing, 15)
    for language in LANGUAGES:
        _write(data / "xtreme" / "xnli" / f"test-{language}.tsv", items)
    _write(data / "glue" / "rte" / "train.tsv", _two_way(drawing, rows), "index\tsentence1\tsentence2\tlabel")
    _write(data / "xtreme" / "pawsx" / "train-en.tsv", _pairs(drawing, rows))
    path = folder / "tiny-orders.yaml"
    path.write_text(
        f"""
name: tiny-orders
model: {folder}/model
intermediates: [rte, pawsx]
orders: {orders}
targets: [xnli]
seeds: {seeds}
training:
  epochs: 1
  learning_rate: 1.0e-3
  batch_size: 8
  max_length: 32
  precision: fp32
  {settings}
deepspeed: zero2
evaluation: {{tasks: [{", ".join(f"xtreme_xnli_{language}" for language in LANGUAGES)}]}}
"""
    )
    return path


def _words(drawing: random.Random) -> str:
    return " ".join(drawing.choices(WORDS, k=drawing.randint(3, 10)))


def _nli(drawing: random.Random, rows: int) -> list[list[str]]:
    return [[_words(drawing), _words(drawing), drawing.choice(NLI)] for _ in range(rows)]


def _pairs(drawing: random.Random, rows: int) -> list[list[str]]:
    return [[_words(drawing), _words(drawing), drawing.choice("01")] for _ in range(rows)]


def _two_way(drawing: random.Random, rows: int) -> list[list[str]]:
    labels = ("entailment", "not_entailment")
    return [[str(row), _words(drawing), _words(drawing), drawing.choice(labels)] for row in range(rows)]


def _write(path: Path, rows: list[list[str]], header: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(row) for row in rows]
    path.write_text("\n".join([header, *lines] if header else lines) + "\n", encoding="utf-8")

"""A kind with its metric from a distribution of its own, a corpus by YAML alone.

Nothing in `harness/` knows of them.
"""

import json
import random
from pathlib import Path

import pytest

from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import decode
from tests.evaluation.models import make_encoder
from tests.extensions.installed import install, xstilts
from tests.training import models

TASK = """\
name: grades
kind: ordinal
title: Grades of invented texts
highest: 4
scored_by: [graded]
sources:
  folder: {path: grades/train.tsv, format: tsv}
"""
CORPUS = """\
name: graded
kind: ordinal
title: Graded invented texts
highest: 4
languages: [en, de, sw]
splits: [test]
parallel: true
sources:
  folder: {path: "grades/test-{language}.tsv", format: tsv}
"""
SEQUENCE = """\
name: grading
model: ./model
intermediates: [mini_sentiment]
orders: {lengths: [0, 1]}
targets: [grades]
seeds: [1, 2]
training: {steps: 60, learning_rate: 1.0e-3, batch_size: 16, max_length: 32, precision: fp32, dropout: 0.0}
evaluation: {tasks: [graded], precision: fp32}
overlap: drop
"""


def write_grades(folder: Path) -> None:
    """A text's grade is the number of its words that are word4 or below."""
    folder.mkdir(parents=True)
    draw = random.Random(5)
    for name, rows in (("train", 200), ("test-en", 40), ("test-de", 40), ("test-sw", 40)):
        lines = ["text\tgrade\n"]
        for _ in range(rows):
            words = [draw.choice(models.WORDS[:8]) for _ in range(4)]
            lines.append(f"{' '.join(words)}\t{sum(word in models.WORDS[:4] for word in words)}\n")
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")


@pytest.mark.slow
def test_a_kind_from_outside_is_trained_scored_published_and_verified(tmp_path):
    installed = install("ordinal", tmp_path / "installed")
    make_encoder(tmp_path / "model")
    write_grades(tmp_path / "data" / "grades")
    (tmp_path / "home" / "tasks").mkdir(parents=True)
    (tmp_path / "home" / "tasks" / "grades.yaml").write_text(TASK)
    (tmp_path / "home" / "tasks" / "graded.yaml").write_text(CORPUS)
    (tmp_path / "grading.yaml").write_text(SEQUENCE)
    assert "ordinal" in xstilts(installed, tmp_path, "list", "tasks")
    assert "ok" in xstilts(installed, tmp_path, "validate", "grading.yaml", "home/tasks/graded.yaml")
    places = ("--data-dir", "data", "--store", "store")
    xstilts(installed, tmp_path, "run", "grading.yaml", *places, "--leaderboards", "boards", "--workers", "1")
    board = json.loads((tmp_path / "boards" / "grading.json").read_text())["board"]
    assert [result["status"] for row in board["rows"] for result in row["seeds"]] == ["ok"] * 4
    assert "near accuracy" in (tmp_path / "boards" / "grading.md").read_text().lower()
    for tasks in read_predictions(tmp_path / "boards" / "grading.predictions.parquet").values():
        items = tasks["graded_de"]
        predicted, due = (
            [decode(text) for text in column.decoded()] for column in (items.predictions, items.references)
        )
        nearness = [max(0, 1 - abs(a - b) / 2) for a, b in zip(predicted, due, strict=True)]
        assert items.score == pytest.approx(sum(nearness) / 40)
        assert items.score > 0.6  # chance is about 0.45
    xstilts(installed, tmp_path, "verify", "boards/grading.json")

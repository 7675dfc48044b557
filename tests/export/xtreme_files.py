"""The files of an XTREME submission and of its labels."""

import json
from pathlib import Path

Scored = tuple[list[str] | list[list[str]], list[str] | list[list[str]]]
"""Of each item what was predicted, and what was due."""


def lines(predictions: Path, labels: Path) -> Scored:
    """Read files with a label on each line."""
    found, due = ([line.strip() for line in path.open(encoding="utf-8")] for path in (predictions, labels))
    return found, due


def sentences(predictions: Path, labels: Path) -> Scored:
    """Read files with a tag on each line and blank lines between sentences."""
    found, due = ([block.split() for block in _blocks(path)] for path in (predictions, labels))
    return found, due


def _blocks(path: Path) -> list[str]:
    return [block for block in path.read_text(encoding="utf-8").strip().split("\n\n") if block.strip()]


def answers(predictions: Path, labels: Path) -> Scored:
    """Read answers by question id, and labels in SQuAD's layout."""
    given = json.loads(predictions.read_text(encoding="utf-8"))
    asked = [
        question
        for document in json.loads(labels.read_text(encoding="utf-8"))["data"]
        for paragraph in document["paragraphs"]
        for question in paragraph["qas"]
    ]
    due = [[answer["text"] for answer in question["answers"]] for question in asked]
    return [given[question["id"]] for question in asked], due


def pairs(predictions: Path, labels: Path) -> Scored:
    """Read pairs of ids, by the first of them."""
    found, due = (
        [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        for path in (predictions, labels)
    )
    first = sorted({pair[0] for pair in (*found, *due)})
    mined, wanted = ([[other for own, other in part if own == one] for one in first] for part in (found, due))
    return mined, wanted

"""The English intermediate tasks: texts drawn for a label, kept apart by split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from harness.embedded.corpus import acceptability, questions, sentiment
from harness.embedded.corpus.drawing import Draw, Split, split_of

ROWS: Mapping[Split, int] = {"train": 1000, "validation": 100, "test": 200}


@dataclass(frozen=True)
class TextDesign:
    """How a set of texts is drawn: one or two texts for each label in turn."""

    name: str
    labels: tuple[str, ...]
    drawn: Callable[[Draw, str], tuple[str, ...]]


SENTIMENT = TextDesign("mini_sentiment", sentiment.LABELS, sentiment.opinion)
ACCEPTABILITY = TextDesign("mini_acceptability", acceptability.LABELS, acceptability.judged)
QA = TextDesign("mini_qa", questions.LABELS, questions.questioned)
DESIGNS = {design.name: design for design in (SENTIMENT, ACCEPTABILITY, QA)}


@cache
def labelled_texts(name: str, split: Split) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Texts and label of every row of the split, in an order in which the labels stay balanced."""
    design = DESIGNS[name]
    draw = Draw(f"{name}/{split}")
    seen: set[tuple[str, ...]] = set()
    rows: list[tuple[tuple[str, ...], str]] = []
    while len(rows) < ROWS[split]:
        for label in draw.shuffled(design.labels):
            rows.append((_fresh(draw, design, label, split, seen), label))
    return tuple(rows)


def _fresh(
    draw: Draw, design: TextDesign, label: str, split: Split, seen: set[tuple[str, ...]]
) -> tuple[str, ...]:
    """Texts that are new and all belong to the split."""
    while True:
        texts = design.drawn(draw, label)
        if texts not in seen and all(split_of(text) == split for text in texts):
            seen.add(texts)
            return texts

"""The share of items whose prediction is the reference."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class Accuracy(Metric):
    """Share of items, 0 to 1, whose prediction equals the reference (a label's name)."""

    name = "accuracy"
    title = "Accuracy"
    lm_eval = "acc"

    def item_scores(self, predictions: Sequence[Any], references: Sequence[Any]) -> list[ItemScore]:
        """Return 1 for each right item, 0 for each wrong one."""
        return [ItemScore(float(guess == due)) for guess, due in zip(predictions, references, strict=True)]


METRIC = Accuracy()

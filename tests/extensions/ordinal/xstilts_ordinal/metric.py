"""How near grades are: 1 for the right one, a half for the one beside it."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class NearAccuracy(Metric):
    """The mean nearness of grades."""

    name = "near_accuracy"
    title = "near accuracy"

    def item_scores(self, predictions: Sequence[Any], references: Sequence[Any]) -> list[ItemScore]:
        """Return the nearness of each grade."""
        steps = (abs(given - due) for given, due in zip(predictions, references, strict=True))
        return [ItemScore(max(0.0, 1 - step / 2)) for step in steps]


NEAR_ACCURACY = NearAccuracy()

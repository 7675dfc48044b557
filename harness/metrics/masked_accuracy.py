"""The share of masked tokens that are guessed."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class MaskedAccuracy(Metric):
    """Share of the masked tokens of all texts, 0 to 1, whose likeliest guess is right: a ratio of sums.

    Predictions and references are those of `masked_loss`.
    """

    name = "masked_accuracy"
    title = "Accuracy of masked tokens"
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[dict[str, Any]], references: Sequence[Any]
    ) -> list[ItemScore]:
        """Return each text's right tokens and its tokens."""
        return [ItemScore(float(guess["right"]), float(guess["tokens"])) for guess in predictions]


METRIC = MaskedAccuracy()

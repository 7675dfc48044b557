"""The loss of guessed tokens."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class MaskedLoss(Metric):
    """Mean cross-entropy, in nats a token, over the masked tokens of all texts: a ratio of sums.

    A prediction is `{"loss": sum of the cross-entropies, "right": tokens guessed, "tokens": all to guess}`;
    references are not used.
    """

    name = "masked_loss"
    title = "Loss"
    unit = "nats"
    higher_is_better = False
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[dict[str, Any]], references: Sequence[Any]
    ) -> list[ItemScore]:
        """Return each text's loss and tokens."""
        return [ItemScore(guess["loss"], float(guess["tokens"])) for guess in predictions]


METRIC = MaskedLoss()

"""The loss of guessed tokens."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class MaskedLoss(Metric):
    """Mean cross-entropy, in nats a token, over the masked tokens of all texts: a ratio of sums.

    A prediction is `{"loss": sum of the cross-entropies, "right": tokens guessed}`, a reference the number of
    tokens to guess.
    """

    name = "masked_loss"
    title = "Loss"
    unit = "nats"
    higher_is_better = False
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[dict[str, Any]], references: Sequence[int]
    ) -> list[ItemScore]:
        """Return each text's loss and tokens."""
        return [
            ItemScore(guess["loss"], float(tokens))
            for guess, tokens in zip(predictions, references, strict=True)
        ]


METRIC = MaskedLoss()

"""The share of words whose tag is right."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric


class TokenAccuracy(Metric):
    """Share of the words of all sentences, 0 to 1, whose tag is right: a ratio of sums.

    So taggers of parts of speech are reported; XTREME's number for UD POS is another, `tag_chunk_f1`.
    Predictions and references are the tags of each sentence's words.
    """

    name = "token_accuracy"
    title = "Token accuracy"
    lm_eval = "acc"
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[Sequence[Any]], references: Sequence[Sequence[Any]]
    ) -> list[ItemScore]:
        """Return each sentence's right words and its words."""
        return [
            ItemScore(
                float(sum(guess == due for guess, due in zip(*sentence, strict=True))),
                float(len(sentence[1])),
            )
            for sentence in zip(predictions, references, strict=True)
        ]


METRIC = TokenAccuracy()

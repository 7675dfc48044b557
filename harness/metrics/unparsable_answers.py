"""The share of a text-to-text model's answers that are not written as they should be."""

from collections.abc import Sequence
from typing import Any

from harness.metrics.base import ItemScore, Metric
from harness.metrics.text_span_f1 import names_a_span


class UnparsableAnswers(Metric):
    """Share of answers, 0 to 1, with a part that names no span; such parts count nothing in `text_span_f1`.

    Predictions are those of `text_span_f1`; references are not used.
    """

    name = "unparsable_answers"
    title = "Unparsable answers"
    higher_is_better = False

    def item_scores(self, predictions: Sequence[Sequence[str]], references: Sequence[Any]) -> list[ItemScore]:
        """Return 1 for each answer with such a part, else 0."""
        return [ItemScore(float(not all(map(names_a_span, parts)))) for parts in predictions]


METRIC = UnparsableAnswers()

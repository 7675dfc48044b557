"""F1 of the spans that a text-to-text model names, as mT5 counts them."""

from collections import Counter
from collections.abc import Sequence

from harness.metrics.base import ItemScore, Metric, f1_share


def names_a_span(part: str) -> bool:
    """Return whether a part of an answer is a `KIND: words`."""
    return ":" in part


class TextSpanF1(Metric):
    """Micro-averaged F1, 0 to 1, of spans by kind and words, wherever they stand (mT5's `span_f1`).

    Predictions and references are lists of texts `KIND: words`, as in
    https://github.com/google-research/multilingual-t5; what else is predicted names no span. A ratio of sums,
    as `span_f1`.
    """

    name = "text_span_f1"
    title = "F1"
    lm_eval = "f1"
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[ItemScore]:
        """Return each sentence's share."""
        scores = []
        for guess, due in zip(predictions, references, strict=True):
            named = [part for part in guess if names_a_span(part)]
            right = (Counter(named) & Counter(due)).total()
            scores.append(f1_share(right, len(named), len(due)))
        return scores


METRIC = TextSpanF1()

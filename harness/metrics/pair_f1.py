"""F1 of the sentence pairs that are found, as bitext mining is scored."""

from collections.abc import Sequence

from harness.metrics.base import ItemScore, Metric, f1_share


class PairF1(Metric):
    """F1, 0 to 1, of the pairs found among all sentences: BUCC's number (Zweigenbaum et al. 2018).

    Predictions and references are lists of ids: the sentences found for each sentence of one side, and those
    that are its translations; mostly empty. A ratio of sums, as `span_f1`.
    """

    name = "pair_f1"
    title = "F1"
    lm_eval = "f1"
    aggregate = "ratio"

    def item_scores(
        self, predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]
    ) -> list[ItemScore]:
        """Return each sentence's share."""
        pairs = ((set(guess), set(due)) for guess, due in zip(predictions, references, strict=True))
        return [f1_share(len(guess & due), len(guess), len(due)) for guess, due in pairs]


METRIC = PairF1()

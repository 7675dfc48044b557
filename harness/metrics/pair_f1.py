"""F1 of the sentence pairs that are found, as bitext mining is scored."""

from collections.abc import Sequence

from harness.metrics.set_f1 import SetF1


class PairF1(SetF1):
    """F1, 0 to 1, of the pairs found among all sentences: BUCC's number (Zweigenbaum et al. 2018).

    Predictions and references are lists of ids: the sentences found for each sentence of one side, and those
    that are its translations; mostly empty.
    """

    name = "pair_f1"

    def members(self, answer: Sequence[str]) -> set[str]:
        """Return the sentences that were found for one of the other side."""
        return set(answer)


METRIC = PairF1()

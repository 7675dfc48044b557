"""Exact match of answers, as SQuAD defines it."""

from collections.abc import Sequence

from harness.metrics.answer_text import Words, exact_match, squad_words
from harness.metrics.base import ItemScore, Metric


class ExactMatch(Metric):
    """Share of questions, 0 to 1, answered with the words of a reference (Rajpurkar et al. 2016, 2018).

    Predictions are texts, empty for no answer; references are lists of texts, empty where there is no answer.
    """

    name = "exact_match"
    title = "Exact match"

    def __init__(self, words: Words = squad_words) -> None:
        self._words = words

    def item_scores(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[ItemScore]:
        """Return 1 for each prediction that has the words of a reference in their order, else 0."""
        pairs = zip(predictions, references, strict=True)
        return [ItemScore(exact_match(guess, answers, self._words)) for guess, answers in pairs]


METRIC = ExactMatch()

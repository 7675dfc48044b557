"""Exact match of answers, as MLQA defines it for each language."""

from collections.abc import Sequence

from harness.metrics.answer_text import exact_match, mlqa_words
from harness.metrics.base import ItemScore, Metric


class MlqaExactMatch(Metric):
    """Share of questions, 0 to 1, answered with the words of a reference (Lewis et al. 2020).

    Predictions and references are those of `exact_match`.
    """

    name = "mlqa_exact_match"
    title = "Exact match"
    lm_eval = "exact_match"

    def __init__(self, language: str = "en") -> None:
        self._words = mlqa_words(language)

    def for_language(self, language: str) -> "MlqaExactMatch":
        """Return the metric with a language's articles and words."""
        return MlqaExactMatch(language)

    def item_scores(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[ItemScore]:
        """Return 1 for each prediction that has the words of a reference in their order, else 0."""
        pairs = zip(predictions, references, strict=True)
        return [ItemScore(exact_match(guess, answers, self._words)) for guess, answers in pairs]


METRIC = MlqaExactMatch()

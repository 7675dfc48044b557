"""Exact match of answers, as MLQA defines it for each language."""

from harness.metrics.answer_text import mlqa_words
from harness.metrics.exact_match import ExactMatch


class MlqaExactMatch(ExactMatch):
    """Share of questions, 0 to 1, answered with the words of a reference (Lewis et al. 2020).

    Predictions and references are those of `exact_match`.
    """

    name = "mlqa_exact_match"
    lm_eval = "exact_match"

    def for_language(self, language: str) -> "MlqaExactMatch":
        """Return the metric with a language's articles and words."""
        return MlqaExactMatch(mlqa_words(language))


METRIC = MlqaExactMatch(mlqa_words("en"))

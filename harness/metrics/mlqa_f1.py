"""F1 of answers' words, as MLQA defines it for each language."""

from collections.abc import Sequence

from harness.metrics.answer_text import answer_f1, mlqa_words
from harness.metrics.base import ItemScore, Metric


class MlqaF1(Metric):
    """Mean over questions of the best F1, 0 to 1, of the words against a reference (Lewis et al. 2020).

    Predictions and references are those of `answer_f1`.
    """

    name = "mlqa_f1"
    title = "F1"
    lm_eval = "f1"

    def __init__(self, language: str = "en") -> None:
        self._words = mlqa_words(language)

    def for_language(self, language: str) -> "MlqaF1":
        """Return the metric with a language's articles and words."""
        return MlqaF1(language)

    def item_scores(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[ItemScore]:
        """Return each question's F1."""
        pairs = zip(predictions, references, strict=True)
        return [ItemScore(answer_f1(guess, answers, self._words)) for guess, answers in pairs]


METRIC = MlqaF1()

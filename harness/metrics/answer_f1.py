"""F1 of answers' words, as SQuAD defines it."""

from collections.abc import Sequence

from harness.metrics.answer_text import Words, answer_f1, squad_words
from harness.metrics.base import ItemScore, Metric


class AnswerF1(Metric):
    """Mean over questions of the best F1, 0 to 1, of the words against a reference (Rajpurkar et al. 2016).

    Predictions are texts, empty for no answer; references are lists of texts, empty where there is no answer.
    """

    name = "answer_f1"
    title = "F1"
    lm_eval = "f1"

    def __init__(self, words: Words = squad_words) -> None:
        self._words = words

    def item_scores(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[ItemScore]:
        """Return each question's F1."""
        pairs = zip(predictions, references, strict=True)
        return [ItemScore(answer_f1(guess, answers, self._words)) for guess, answers in pairs]


METRIC = AnswerF1()

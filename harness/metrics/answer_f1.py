"""F1 of answers' words, as SQuAD defines it."""

from collections import Counter
from collections.abc import Sequence

from harness.metrics.answer_text import answer_words
from harness.metrics.base import ItemScore, Metric


class AnswerF1(Metric):
    """Mean over questions of the best F1, 0 to 1, of the words against a reference (Rajpurkar et al. 2016).

    Predictions are texts, empty for no answer; references are lists of texts, empty where there is no answer.
    """

    name = "answer_f1"
    title = "F1"
    lm_eval = "f1"

    def item_scores(self, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> list[ItemScore]:
        """Return each question's F1."""
        pairs = zip(predictions, references, strict=True)
        return [ItemScore(_answer_f1(guess, answers)) for guess, answers in pairs]


def _answer_f1(prediction: str, answers: Sequence[str]) -> float:
    return max(_f1(answer_words(prediction), answer_words(answer)) for answer in answers or [""])


def _f1(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = (Counter(predicted) & Counter(gold)).total()
    return 2 * shared / (len(predicted) + len(gold))


METRIC = AnswerF1()

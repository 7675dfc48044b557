"""F1 of answers' words, as MLQA defines it for each language."""

from harness.metrics.answer_f1 import AnswerF1
from harness.metrics.answer_text import mlqa_words


class MlqaF1(AnswerF1):
    """Mean over questions of the best F1, 0 to 1, of the words against a reference (Lewis et al. 2020).

    Predictions and references are those of `answer_f1`.
    """

    name = "mlqa_f1"

    def for_language(self, language: str) -> "MlqaF1":
        """Return the metric with a language's articles and words."""
        return MlqaF1(mlqa_words(language))


METRIC = MlqaF1(mlqa_words("en"))

"""Everything about span extraction that takes no tensors."""

from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.span_extraction.rows import examples
from harness.kinds.span_extraction.task import SpanExtractionTask
from harness.kinds.text_form import Rows, TextForm
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel

_NO_ANSWER = "no answer"


class SpanExtraction(TaskKind[SpanExtractionTask]):
    """A part of a row's context; predictions are its text, empty for no answer, references lists of texts."""

    name = "span_extraction"
    task_model = SpanExtractionTask
    text_form_of = "span_extraction"
    request = "generate_until"

    def columns(self, task: SpanExtractionTask) -> tuple[str, ...]:
        """Return the columns of question, context and answers."""
        return task.question, task.context, task.answers

    def examples(
        self, task: SpanExtractionTask, source: SourceColumns, trained: tuple[str, ...] = ()
    ) -> Examples:
        """Return the rows: text_a, text_b, answer_starts (list of int64, characters), answer_texts."""
        return examples(task, source)

    def metrics(self, task: SpanExtractionTask) -> tuple[Metric, ...]:
        """Return F1 of words and exact match."""
        if task.answer_words == "mlqa":
            return metric("mlqa_f1"), metric("mlqa_exact_match")
        return metric("answer_f1"), metric("exact_match")

    def references(self, task: SpanExtractionTask, dataset: "Dataset") -> list[Any]:
        """Return the lists of answers."""
        return list(dataset["answer_texts"][:])

    def answer_text(self, prediction: str) -> str:
        """Return the answer as it is."""
        return prediction

    def read_answer(self, text: str) -> str:
        """Return the answer as it is."""
        return text

    @property
    def model(self) -> "KindModel[SpanExtractionTask]":
        """Return what trains and predicts."""
        from harness.kinds.span_extraction.model import MODEL

        return MODEL

    def text_form(self, task: SpanExtractionTask) -> TextForm[SpanExtractionTask]:
        """Return the text form: `question: … context: …`, as mT5's XQuAD."""
        return _Text(self, task)

    def assumed_tokens(self, task: SpanExtractionTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the longest input: contexts fill it."""
        return longest


class _Text(TextForm[SpanExtractionTask]):
    """Answers are the first answer, or `no answer`, which is ours: neither paper has SQuAD 2.0."""

    marks = ("question:", "context:")

    def targets(self, rows: Rows) -> list[str]:
        """Return the first answers."""
        return [answers[0] if answers else _NO_ANSWER for answers in rows["answer_texts"]]

    def prediction(self, answer: str) -> str:
        """Return the answer; empty where the model says that there is none."""
        return "" if self.task.unanswerable and answer.strip() == _NO_ANSWER else answer


KIND = SpanExtraction()

"""Everything about multiple choice that takes no tensors."""

from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.multiple_choice.rows import choice_columns, examples
from harness.kinds.multiple_choice.task import MultipleChoiceTask
from harness.kinds.text_form import Rows, TextForm, Texts
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel

# One column that holds a list of candidates says nothing of their number; four are usual.
_USUAL_CHOICES = 4


class MultipleChoice(TaskKind[MultipleChoiceTask]):
    """One of a row's candidates; predictions and references are its number, from 0."""

    name = "multiple_choice"
    task_model = MultipleChoiceTask
    text_form_of = "multiple_choice"
    request = "loglikelihood"
    choices = "choices"

    def columns(self, task: MultipleChoiceTask) -> tuple[str, ...]:
        """Return the columns of what is asked, of the candidates and of the label."""
        return tuple(dict.fromkeys((*task.inputs, *choice_columns(task), task.label)))

    def examples(
        self, task: MultipleChoiceTask, source: SourceColumns, trained: tuple[str, ...] = ()
    ) -> Examples:
        """Return the rows: text_a, text_b (null), choices (list of strings), label (int64)."""
        return examples(task, source)

    def chosen(self, task: MultipleChoiceTask, position: int) -> int:
        """Return the candidate's number."""
        return position

    def metrics(self, task: MultipleChoiceTask) -> tuple[Metric, ...]:
        """Return accuracy."""
        return (metric("accuracy"),)

    def references(self, task: MultipleChoiceTask, dataset: "Dataset") -> list[Any]:
        """Return the right candidates' numbers, from 0."""
        return list(dataset["label"][:])

    @property
    def model(self) -> "KindModel[MultipleChoiceTask]":
        """Return what trains and predicts."""
        from harness.kinds.multiple_choice.model import MODEL

        return MODEL

    def text_form(self, task: MultipleChoiceTask) -> TextForm[MultipleChoiceTask]:
        """Return the text form: `NAME: choice1: … choice2: … question: …`, in the order of T5's COPA."""
        return _Text(self, task)

    def assumed_tokens(self, task: MultipleChoiceTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of what is asked, once for each candidate unless they are joined."""
        candidates = len(task.choices) if len(task.choices) > 1 else _USUAL_CHOICES
        if joined:
            return min(text * (len(task.inputs) + candidates), longest)
        return candidates * min(text * (len(task.inputs) + 1), longest)


class _Text(TextForm[MultipleChoiceTask]):
    """Answers are `choice1`, `choice2` and so on."""

    def __init__(self, kind: MultipleChoice, task: MultipleChoiceTask) -> None:
        super().__init__(kind, task)
        self.marks = (f"{task.name}:", "question:")

    def inputs(self, rows: Rows) -> tuple[Texts, list[Texts]]:
        """Return the candidates, then what is asked."""
        name, question = self.marks
        numbers = _numbered(len(rows["choices"][0]))
        marks = (f"{name} {numbers[0]}:", *(f"{number}:" for number in numbers[1:]), question)
        return marks, [
            (*choices, text) for choices, text in zip(rows["choices"], rows["text_a"], strict=True)
        ]

    def choices(self, dataset: "Dataset") -> Texts:
        """Return what the candidates are called."""
        return _numbered(len(dataset[0]["choices"]))

    def targets(self, rows: Rows) -> list[str]:
        """Return what the right candidates are called."""
        names = _numbered(len(rows["choices"][0]))
        return [names[label] for label in rows["label"]]

    def prediction(self, answer: str) -> int:
        """Return the candidate's number."""
        return int(answer.removeprefix("choice")) - 1


def _numbered(count: int) -> Texts:
    return tuple(f"choice{number}" for number in range(1, count + 1))


KIND = MultipleChoice()

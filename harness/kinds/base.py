"""What a task kind is: one object that says everything about it.

A kind's package has a `kind.py` with the object, `KIND`. What `TaskKind` itself holds is light: it imports no
torch, numpy or Arrow before a method that needs them is called. What trains and predicts is `kind.model`
(harness.kinds.model), imported when it is first asked for.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.task import Task
from harness.kinds.text_form import TextForm
from harness.metrics.base import Metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel

T = TypeVar("T", bound=Task)


class TaskKind(ABC, Generic[T]):
    """A kind of task.

    Attributes:
        name: The kind's name, as task files write it.
        task_model: What a task file of the kind says.
        text_form_of: Which of its tasks text-to-text models can be trained on, in words; empty for none.
        request: How lm-eval asks for a prediction: by the log-likelihood of each label or candidate, or as a
            text that is generated (`answer_text`); None where no evaluation task is of the kind.
        choices: The column with a row's own candidates; empty where the task's labels are chosen from.
        draws_tokens: Whether inputs can hold tokens that are in no row.
        is_trained: Whether there is something to train; else the encoder as it is makes the predictions, from
            all rows of a language together.
        version: Raised by hand when its code changes what weights the same task gives; enters the digests of
            its stages.
    """

    name: ClassVar[str]
    task_model: type[T]
    text_form_of: ClassVar[str] = ""
    request: ClassVar[Literal["loglikelihood", "generate_until"] | None] = None
    choices: ClassVar[str] = ""
    draws_tokens: ClassVar[bool] = False
    is_trained: ClassVar[bool] = True
    version: ClassVar[int] = 1

    @abstractmethod
    def columns(self, task: T) -> tuple[str, ...]:
        """Return the columns of a source that a task reads."""

    @abstractmethod
    def examples(self, task: T, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
        """Return the rows that a task makes of a source.

        Args:
            task: The task.
            source: Its columns.
            trained: Labels that a model was trained on, for held-out rows of a task that lists none.

        Raises:
            UserError: a row is not what the kind needs.
        """

    def fingerprint(self, dataset: "Dataset", labels: Sequence[str]) -> str:
        """Return the sha256 (64 hex digits) of rows and labels in their order, the same from every source."""
        from harness.kinds.fingerprint import fingerprint_of_kind

        return fingerprint_of_kind(self.name, dataset, labels)

    def absent_labels(self, examples: Examples) -> list[str]:
        """Return the labels that no row has, where that is worth a warning."""
        return []

    def labels_from_rows(self, task: T) -> bool:
        """Return whether a task's labels are those that occur in its rows."""
        return False

    def with_labels(self, task: T, labels: tuple[str, ...]) -> T:
        """Return a task with the labels that its rows have, where it takes them from there."""
        return task.model_copy(update={"labels": labels}) if self.labels_from_rows(task) else task

    def same_head(self, task: T, other: T) -> bool:
        """Return whether two tasks' heads have the same shape and meaning, so that one can be reused."""
        return task.labels == other.labels

    def asked(self, task: T, dataset: "Dataset") -> "Dataset":
        """Return the rows that are evaluation items; the others only help to score them."""
        return dataset

    def tuned_on_validation(self, task: T) -> bool:
        """Return whether predictions need a setting that validation rows decide (`KindModel.tuned`)."""
        return False

    def chosen(self, task: T, position: int) -> Any:
        """Return the prediction that is the label or candidate at a position."""
        return task.labels[position]

    @abstractmethod
    def metrics(self, task: T) -> tuple[Metric, ...]:
        """Return what judges a task's predictions; the first stands for the task."""

    @abstractmethod
    def references(self, task: T, dataset: "Dataset") -> list[Any]:
        """Return of each row what the metrics compare its prediction with (text or JSON)."""

    def answer_text(self, prediction: Any) -> str:
        """Return a prediction or reference as the text that lm-eval is given: JSON."""
        return json.dumps(prediction, ensure_ascii=False)

    def read_answer(self, text: str) -> Any:
        """Return the prediction of a text that `answer_text` made."""
        return json.loads(text)

    @property
    @abstractmethod
    def model(self) -> "KindModel[T]":
        """What trains and predicts: features, batches, head and loss, predictions."""

    def text_form(self, task: T) -> TextForm[T] | None:
        """Return how a text-to-text model reads and answers a task; None where there is no such way."""
        return None

    def described(self, task: T) -> str:
        """Return the kind, with what of the task decides whether it has a text form."""
        return f"kind {self.name}"

    @abstractmethod
    def assumed_tokens(self, task: T, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of a row whose texts have `text` tokens each, where no row is available.

        Args:
            task: The task.
            text: Tokens of a text.
            longest: Where inputs are cut.
            joined: Whether all texts of a row stand in one input (text-to-text models).
        """

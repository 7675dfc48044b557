"""How a text-to-text model reads a training task, and the words that it answers with.

Version 1 follows T5 (Raffel et al. 2020, appendix D, https://jmlr.org/papers/v21/20-074.html) and mT5 (Xue et
al. 2021, section 4.1, https://aclanthology.org/2021.naacl-main.41, and the preprocessors published with it,
https://github.com/google-research/multilingual-t5). Each kind's form stands in its package.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from harness.frozen_model import FrozenModel
from harness.kinds.task import Task
from harness.metrics.base import Metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.base import TaskKind

# Raised by hand when the same row would be read or answered otherwise.
TEXT_FORMAT_VERSION = 1

Texts = tuple[str, ...]
Rows = Mapping[str, Sequence[Any]]

T = TypeVar("T", bound=Task)


class TextFormat(FrozenModel):
    """The format of one task, as checkpoints and digests record it.

    Attributes:
        version: Version of the rules.
        kind: The task's kind.
        marks: What stands before each text of an input; of multiple choice before the candidates and before
            what is asked.
        labels: The words for each label, by label id; none where answers are free text or numbered choices.
    """

    version: int
    kind: str
    marks: Texts
    labels: Texts = ()


class TextForm(ABC, Generic[T]):
    """How a text-to-text model reads the rows of one task, and answers.

    Attributes:
        task: The task, with its labels where answers depend on them.
        marks: As in `TextFormat`.
        labels: As in `TextFormat`.
        longest_answer: Tokens after which a generated answer is cut.
    """

    marks: Texts
    labels: Texts = ()
    longest_answer: ClassVar[int] = 64

    def __init__(self, kind: "TaskKind[T]", task: T) -> None:
        self._kind = kind
        self.task = task

    @property
    def format(self) -> TextFormat:
        """The format as checkpoints and digests record it."""
        return TextFormat(
            version=TEXT_FORMAT_VERSION, kind=self._kind.name, marks=self.marks, labels=self.labels
        )

    def inputs(self, rows: Rows) -> tuple[Texts, list[Texts]]:
        """Return the marks of the inputs, and of each row the texts behind them.

        Args:
            rows: Columns of rows, as the kind makes them.
        """
        first = rows["text_a"]
        if len(self.marks) == 1:
            return self.marks, [(text,) for text in first]
        return self.marks, list(zip(first, rows["text_b"], strict=True))

    def choices(self, dataset: "Dataset") -> Texts:
        """Return the answers to choose from, by label id; none where answers are free text."""
        return self.labels

    @abstractmethod
    def targets(self, rows: Rows) -> list[str]:
        """Return the expected answer of each row."""

    @abstractmethod
    def prediction(self, answer: str) -> Any:
        """Return what an answer predicts, as the kind's metrics take it."""

    def metrics(self) -> tuple[Metric, ...]:
        """Return what judges the predictions; the first stands for the task."""
        return self._kind.metrics(self.task)

    def references(self, dataset: "Dataset") -> list[Any]:
        """Return of each row what the metrics compare its prediction with."""
        return self._kind.references(self.task, dataset)


def joined(marks: Texts, texts: Texts) -> str:
    """Return the input: the texts, each behind its mark."""
    return " ".join(f"{mark} {text}" for mark, text in zip(marks, texts, strict=True))

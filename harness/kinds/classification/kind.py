"""Everything about classification that takes no tensors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.classification.rows import examples
from harness.kinds.classification.task import ClassificationTask
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.text_form import Rows, TextForm
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel


class Classification(TaskKind[ClassificationTask]):
    """A label for a text or a pair of texts; predictions and references are label names."""

    name = "classification"
    task_model = ClassificationTask
    text_form_of = "classification"
    request = "loglikelihood"

    def columns(self, task: ClassificationTask) -> tuple[str, ...]:
        """Return the texts' columns; the label's is the last."""
        return (*task.inputs, task.label)

    def examples(
        self, task: ClassificationTask, source: SourceColumns, trained: tuple[str, ...] = ()
    ) -> Examples:
        """Return the rows: text_a, text_b (null for single texts), label (int64)."""
        return examples(task, source)

    def fingerprint(self, dataset: "Dataset", labels: Sequence[str]) -> str:
        """Return the sha256 of texts and labels; neither the order of the labels nor their ids count."""
        from harness.kinds.fingerprint import fingerprint

        return fingerprint(dataset, labels)

    def absent_labels(self, examples: Examples) -> list[str]:
        """Return the labels that no row has."""
        present = set(examples.dataset["label"][:])
        return [name for at, name in enumerate(examples.labels) if at not in present]

    def metrics(self, task: ClassificationTask) -> tuple[Metric, ...]:
        """Return accuracy."""
        return (metric("accuracy"),)

    def references(self, task: ClassificationTask, dataset: "Dataset") -> list[Any]:
        """Return the labels' names."""
        return [task.labels[label] for label in dataset["label"][:]]

    @property
    def model(self) -> "KindModel[ClassificationTask]":
        """Return what trains and predicts."""
        from harness.kinds.classification.model import MODEL

        return MODEL

    def text_form(self, task: ClassificationTask) -> TextForm[ClassificationTask]:
        """Return the text form: `NAME: COLUMN: … COLUMN: …`, as mT5's `xnli: premise: … hypothesis: …`."""
        return _Text(self, task)

    def assumed_tokens(self, task: ClassificationTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of one text or two."""
        return min(text * len(task.inputs), longest)


class _Text(TextForm[ClassificationTask]):
    """Label words are label names, as in T5 and in mT5's PAWS-X (its XNLI has the labels' numbers)."""

    def __init__(self, kind: Classification, task: ClassificationTask) -> None:
        super().__init__(kind, task)
        first, *rest = (f"{column}:" for column in task.inputs)
        self.marks = (f"{task.name}: {first}", *rest)
        self.labels = task.labels

    def targets(self, rows: Rows) -> list[str]:
        """Return the labels' names."""
        return [self.labels[label] for label in rows["label"]]

    def prediction(self, answer: str) -> str:
        """Return the label's name."""
        return answer


KIND = Classification()

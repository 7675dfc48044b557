"""Everything about retrieval that takes no tensors."""

from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.retrieval.rows import examples
from harness.kinds.retrieval.task import RetrievalTask
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel


class Retrieval(TaskKind[RetrievalTask]):
    """Sentences of another language that mean the same, by vectors of an encoder that is not trained for it.

    Of nearest, a prediction is the number of the row whose candidate is nearest, from 0, and a reference the
    query's own; of mining, both are lists of sentences' ids.
    """

    name = "retrieval"
    task_model = RetrievalTask
    request = "generate_until"
    is_trained = False

    def columns(self, task: RetrievalTask) -> tuple[str, ...]:
        """Return the columns of both sides."""
        pair = (task.query, task.candidate)
        return pair if task.search == "nearest" else ("id", "sentence", "translations")

    def examples(self, task: RetrievalTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
        """Return the rows: text_a, text_b, row (int64); of mining text_a, text_b (null), id, translations."""
        return examples(task, source)

    def asked(self, task: RetrievalTask, dataset: "Dataset") -> "Dataset":
        """Return the rows that search; of mining the English ones are only found."""
        if task.search == "nearest":
            return dataset
        return dataset.select([at for at, due in enumerate(dataset["translations"][:]) if due is not None])

    def tuned_on_validation(self, task: RetrievalTask) -> bool:
        """Return whether a threshold must be found."""
        return task.search == "mining" and task.threshold is None

    def metrics(self, task: RetrievalTask) -> tuple[Metric, ...]:
        """Return accuracy, or F1 of pairs."""
        return (metric("accuracy" if task.search == "nearest" else "pair_f1"),)

    def references(self, task: RetrievalTask, dataset: "Dataset") -> list[Any]:
        """Return the rows' numbers, or the ids of translations."""
        return list(dataset["row" if task.search == "nearest" else "translations"][:])

    @property
    def model(self) -> "KindModel[RetrievalTask]":
        """Return what makes vectors and compares them."""
        from harness.kinds.retrieval.model import MODEL

        return MODEL

    def assumed_tokens(self, task: RetrievalTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of the row's texts."""
        return text * (2 if task.search == "nearest" else 1)


KIND = Retrieval()

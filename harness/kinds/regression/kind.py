"""Everything about regression that takes no tensors."""

import math
from typing import TYPE_CHECKING, Any

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples
from harness.kinds.regression.rows import examples
from harness.kinds.regression.task import RegressionTask
from harness.kinds.text_form import Rows, TextForm
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel

# T5 writes STS-B's 0 to 5 in steps of 0.2.
_STEPS = 25


class Regression(TaskKind[RegressionTask]):
    """A number for a text or a pair of texts; predictions and references are numbers."""

    name = "regression"
    task_model = RegressionTask
    text_form_of = "regression"
    request = "generate_until"

    def columns(self, task: RegressionTask) -> tuple[str, ...]:
        """Return the texts' columns; the score's is the last."""
        return (*task.inputs, task.score)

    def examples(
        self, task: RegressionTask, source: SourceColumns, trained: tuple[str, ...] = ()
    ) -> Examples:
        """Return the rows: text_a, text_b (null for single texts), label (float64)."""
        return examples(task, source)

    def same_head(self, task: RegressionTask, other: RegressionTask) -> bool:
        """Return whether the numbers have the same range."""
        return (task.minimum, task.maximum) == (other.minimum, other.maximum)

    def metrics(self, task: RegressionTask) -> tuple[Metric, ...]:
        """Return Pearson's and Spearman's correlations, as GLUE reports them."""
        return metric("pearson"), metric("spearman")

    def references(self, task: RegressionTask, dataset: "Dataset") -> list[Any]:
        """Return the numbers."""
        return list(dataset["label"][:])

    @property
    def model(self) -> "KindModel[RegressionTask]":
        """Return what trains and predicts."""
        from harness.kinds.regression.model import MODEL

        return MODEL

    def text_form(self, task: RegressionTask) -> TextForm[RegressionTask]:
        """Return the text form: `NAME: COLUMN: … COLUMN: …`, as T5's `stsb sentence1: … sentence2: …`."""
        return _Text(self, task)

    def assumed_tokens(self, task: RegressionTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of one text or two."""
        return min(text * len(task.inputs), longest)


class _Text(TextForm[RegressionTask]):
    """Answers are numbers in steps of a twenty-fifth of the range (Raffel et al. 2020, section 2.4: 0.2).

    An answer that is no number counts as the lowest one; T5's own scoring takes -1, below its range.
    """

    def __init__(self, kind: Regression, task: RegressionTask) -> None:
        super().__init__(kind, task)
        first, *rest = (f"{column}:" for column in task.inputs)
        self.marks = (f"{task.name}: {first}", *rest)
        self._step = (task.maximum - task.minimum) / _STEPS
        self._digits = max(1, math.ceil(-math.log10(self._step)))

    def targets(self, rows: Rows) -> list[str]:
        """Return the numbers, rounded to a step."""
        return [f"{round(score / self._step) * self._step:.{self._digits}f}" for score in rows["label"]]

    def prediction(self, answer: str) -> float:
        """Return the number that is written."""
        try:
            number = float(answer)
        except ValueError:
            return self.task.minimum
        return number if math.isfinite(number) else self.task.minimum


KIND = Regression()

"""The kind: files, rows, metric."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from harness.kinds.base import TaskKind
from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.task import Task
from harness.metrics.base import Metric
from harness.metrics.registry import metric

if TYPE_CHECKING:
    from datasets import Dataset

    from harness.kinds.model import KindModel


class OrdinalTask(Task):
    """A grade from 0 to `highest` for a text."""

    kind: Literal["ordinal"]
    text: str = "text"
    grade: str = "grade"
    highest: int = Field(ge=1, le=100)

    @property
    def labels(self) -> tuple[str, ...]:
        """The grades."""
        return tuple(f"grade {number}" for number in range(self.highest + 1))


class Ordinal(TaskKind[OrdinalTask]):
    """Predictions and references are grades."""

    name = "ordinal"
    task_model = OrdinalTask
    request = "generate_until"

    def columns(self, task: OrdinalTask) -> tuple[str, ...]:
        """Return the columns of text and grade."""
        return task.text, task.grade

    def examples(self, task: OrdinalTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
        """Return the rows: text_a, text_b (null), label (int64)."""
        import pyarrow as pa

        grades = [str(value) for value in source.columns[task.grade]]
        for row, grade in enumerate(grades):
            if not grade.isdecimal() or int(grade) > task.highest:
                raise fault(source, row, f"{grade!r} is no grade up to {task.highest}", "correct the row")
        columns = {"text_a": source.columns[task.text], "text_b": [None] * len(grades)}
        return Examples(table(columns | {"label": list(map(int, grades))}, {"label": pa.int64()}))

    def metrics(self, task: OrdinalTask) -> tuple[Metric, ...]:
        """Return near accuracy."""
        return (metric("near_accuracy"),)

    def references(self, task: OrdinalTask, dataset: "Dataset") -> list[Any]:
        """Return the grades."""
        return list(dataset["label"][:])

    @property
    def model(self) -> "KindModel[OrdinalTask]":
        """Return what trains and predicts."""
        from xstilts_ordinal.model import MODEL

        return MODEL

    def assumed_tokens(self, task: OrdinalTask, text: int, longest: int, *, joined: bool) -> float:
        """Return the tokens of one text."""
        return min(text, longest)


KIND = Ordinal()

"""Rows of regression: one text or two, and a number."""

import math
from collections.abc import Sequence

from harness.kinds.columns import SourceColumns
from harness.kinds.examples import Examples, fault, table
from harness.kinds.input_texts import input_texts, placeholders
from harness.kinds.regression.task import RegressionTask
from harness.message_text import in_short


def examples(task: RegressionTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b (null for single texts), label (float64).

    Raises:
        NotTextError: an input is no text.
        FaultyRowError: a score is no finite number, or outside the task's range.
    """
    import pyarrow as pa

    text_a, text_b = input_texts(source, task.inputs)
    label = [_score(task, source, row) for row in range(len(source))]
    second: Sequence[str | None] = [None] * len(label) if text_b is None else text_b
    columns = {"text_a": text_a, "text_b": second, "label": label}
    return Examples(table(columns, {"label": pa.float64()}), counted=placeholders(text_a, text_b))


def _score(task: RegressionTask, source: SourceColumns, row: int) -> float:
    value = source.columns[task.score][row]
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        what = f"{task.score} is {in_short(value)}, not a finite number"
        raise fault(source, row, what, "correct the row, or the task's 'score'")
    if not task.minimum <= number <= task.maximum:
        what = f"{task.score} is {in_short(value)}, outside of {task.minimum:g} to {task.maximum:g}"
        raise fault(source, row, what, "correct the row, or the task's 'minimum' and 'maximum'")
    return number

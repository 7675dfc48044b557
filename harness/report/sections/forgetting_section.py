"""Forgetting as sentences and a table."""

from collections.abc import Iterator

from harness.report.notation import EMPTY, interval, spread
from harness.report.sections.forgetting import RowForgetting, TargetForgetting
from harness.report.table import Table
from harness.results.board import ARROW
from harness.results.target_metric import PERCENT

FORMULA = (
    "Backward transfer: mean over the tasks before the target of their held-out metric after the last stage "
    "minus that after their own (Lopez-Paz & Ranzato 2017); each task keeps its own head."
)


def forgetting_sentences(forgetting: TargetForgetting) -> Iterator[str]:
    """Say which sequences lose most and least of what they learnt before the target."""
    ranked = sorted(
        (row.backward_transfer.mean, row.sequence) for row in forgetting.rows if row.backward_transfer
    )
    if not ranked:
        yield "No task before the target has held-out rows, so nothing can be said of forgetting."
        return
    (least, worst), (most, best) = ranked[0], ranked[-1]
    if len(ranked) == 1:
        yield f"Backward transfer is {PERCENT.with_unit(least)} ({worst})."
    else:
        yield (
            f"Backward transfer lies between {PERCENT.difference(least)} ({worst}) and "
            f"{PERCENT.with_unit(most)} ({best})."
        )
    yield FORMULA


def forgetting_table(forgetting: TargetForgetting) -> Table:
    """Lay out the sequences: backward transfer, and each task's metric after its own stage and at the end."""
    headers = ("order", "backward transfer", "95%", "task: after its stage → after the target")
    rows = tuple(
        (
            row.sequence,
            spread(row.backward_transfer, signed=True),
            interval(row.interval, PERCENT, signed=True),
            _tasks(row),
        )
        for row in forgetting.rows
    )
    return Table(headers, rows, frozenset({headers[0], headers[3]}))


def _tasks(row: RowForgetting) -> str:
    return (
        "; ".join(
            f"{task.task} ({task.metric.noun}) {task.metric.scale.value(task.learned.mean)}{ARROW}"
            f"{task.metric.scale.value(task.kept.mean)}"
            for task in row.tasks
        )
        or EMPTY
    )

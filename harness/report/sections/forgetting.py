"""Forgetting: each task's held-out metric after its own stage and at the end.

Backward transfer is BWT = 1/(T−1) · Σ_{i<T} (R_{T,i} − R_{i,i}), R_{j,i} being the metric of task i after
stage j of T (Lopez-Paz & Ranzato 2017, "Gradient Episodic Memory for Continual Learning", section 2,
https://arxiv.org/abs/1706.08840): negative where the stages after a task cost it. Each task keeps the head of
its own stage; only the encoder below it changes. Left out of the mean are tasks without held-out rows, and
those whose metric has a unit of its own (a loss in nats); where lower is better, signs are turned.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from harness.frozen_model import FrozenModel
from harness.report.blocks import Block, Heading, Paragraph, Tabular
from harness.report.notation import EMPTY, interval, spread
from harness.report.publication import Publication
from harness.report.section import Cell, Drawable, Results, TargetSection
from harness.report.table import Table
from harness.results.board import ARROW, Board, BoardRow
from harness.results.target_metric import PERCENT, TargetMetric
from harness.statistics.spread import Spread
from harness.statistics.verdict import Interval, own_seed_interval

Matrix = Sequence[Sequence[float | None]]


class TaskForgetting(FrozenModel):
    """One task of a sequence, over seeds: its metric after its own stage, after the target, and the change.

    Attributes:
        place: The task's place in the sequence, from 1.
    """

    task: str
    place: int
    metric: TargetMetric
    learned: Spread
    final: Spread
    change: Spread


class RowForgetting(FrozenModel):
    """One sequence; backward transfer is None where no task before the target has held-out rows."""

    sequence: str
    tasks: tuple[TaskForgetting, ...]
    backward_transfer: Spread | None
    interval: Interval | None = None


class StageChange(FrozenModel):
    """What training one stage does to a task of an earlier one; negative where the task loses.

    Attributes:
        task: The earlier task.
        stage: The task that the later stage trains.
        change: Mean over sequences and seeds of the earlier task's held-out metric after the stage minus
            before it; signs are turned where lower is better.
        runs: Over how many stages of how many seeds, one that sequences share counted once.
    """

    task: str
    stage: str
    change: float
    runs: int


class TargetForgetting(FrozenModel):
    """All sequences of one target in which forgetting was measured with every seed."""

    rows: tuple[RowForgetting, ...]
    changes: tuple[StageChange, ...]


def backward_transfer(matrix: Matrix, signs: Sequence[int]) -> float | None:
    """Return BWT of one seed; None without any task that counts.

    Args:
        matrix: Row j: the metrics of tasks 1 … j after stage j.
        signs: For each task before the last 1, −1 where lower is better, 0 where it does not count.
    """
    changes = [
        sign * (final - learned)
        for place, (final, sign) in enumerate(zip(matrix[-1], signs, strict=False))
        if sign and final is not None and (learned := matrix[place][place]) is not None
    ]
    return statistics.fmean(changes) if changes else None


def target_forgetting(board: Board, target: str) -> TargetForgetting | None:
    """Summarize one target over seeds; None where forgetting was not measured."""
    rows = [_row(board, row) for row in board.rows_of(target) if row.order]
    measured = tuple(row for row in rows if row is not None)
    return TargetForgetting(rows=measured, changes=stage_changes(board, target)) if measured else None


def stage_changes(board: Board, target: str) -> tuple[StageChange, ...]:
    """Return the mean change of every earlier task over every later stage: R_{j,i} − R_{j−1,i}."""
    found: dict[tuple[str, str], dict[tuple[int, int, tuple[str, ...]], float]] = {}
    for row in board.rows_of(target):
        stages = (*row.order, target)
        for result in row.seeds:
            for last in range(1, len(result.forgetting)):
                before, after = result.forgetting[last - 1 : last + 1]
                for place, (old, new) in enumerate(zip(before, after, strict=False)):
                    sign = _sign(board.held_out_metrics.get(stages[place]))
                    if sign and old is not None and new is not None:
                        run = (result.seed, place, stages[: last + 1])
                        own = found.setdefault((stages[place], stages[last]), {})
                        own[run] = sign * (new - old)
    return tuple(
        StageChange(task=task, stage=stage, change=statistics.fmean(runs.values()), runs=len(runs))
        for (task, stage), runs in found.items()
    )


def _row(board: Board, row: BoardRow) -> RowForgetting | None:
    matrices = [result.forgetting for seed in board.seeds if (result := row.seed(seed)) and result.forgetting]
    if len(matrices) < len(board.seeds):
        return None
    signs = [_sign(board.held_out_metrics.get(task)) for task in row.order]
    tasks = []
    for place, task in enumerate(row.order):
        pairs = [(matrix[place][place], matrix[-1][place]) for matrix in matrices]
        learned = [own for own, _ in pairs if own is not None]
        final = [end for _, end in pairs if end is not None]
        if len(learned) == len(final) == len(matrices):
            tasks.append(
                TaskForgetting(
                    task=task,
                    place=place + 1,
                    metric=board.held_out_metrics[task],
                    learned=Spread.of(learned),
                    final=Spread.of(final),
                    change=Spread.of([end - own for own, end in zip(learned, final, strict=True)]),
                )
            )
    found = [backward_transfer(matrix, signs) for matrix in matrices]
    transfers = [transfer for transfer in found if transfer is not None]
    complete = len(transfers) == len(matrices)
    return RowForgetting(
        sequence=row.sequence,
        tasks=tuple(tasks),
        backward_transfer=Spread.of(transfers) if complete else None,
        interval=own_seed_interval(transfers) if complete else None,
    )


def _sign(metric: TargetMetric | None) -> int:
    """Return how a task counts in backward transfer; a task that was not measured has no metric."""
    return metric.sign if metric is not None and metric.unit in ("%", "") else 0


FORMULA = (
    "Backward transfer: mean over the tasks before the target of their held-out metric after the last stage "
    "minus that after their own (Lopez-Paz & Ranzato 2017); each task keeps its own head."
)


def forgetting_sentences(forgetting: TargetForgetting) -> Iterator[str]:
    """Say which sequences lose most and least of what they learned before the target."""
    ranked = sorted(
        (row.backward_transfer.mean, row.sequence) for row in forgetting.rows if row.backward_transfer
    )
    if not ranked:
        yield "Forgetting is not measured: no task before the target has held-out rows."
        return
    (least, worst), (most, best) = ranked[0], ranked[-1]
    if len(ranked) == 1:
        yield f"Backward transfer is {PERCENT.with_unit(least)} ({worst})."
    else:
        yield (
            f"Backward transfer is between {PERCENT.difference(least)} ({worst}) and "
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
            f"{task.metric.scale.value(task.final.mean)}"
            for task in row.tasks
        )
        or EMPTY
    )


class ForgettingSection(TargetSection[TargetForgetting]):
    """Backward transfer of each sequence, and every task's metric after its own stage and at the end."""

    name, place, model = "forgetting", 600, TargetForgetting

    def compute(self, results: Results, target: str) -> TargetForgetting | None:
        """Summarize over seeds."""
        return target_forgetting(results.board, target)

    def blocks(self, data: TargetForgetting, publication: Publication, target: str) -> Iterator[Block]:
        """Yield sentences and a table."""
        yield Heading(f"Forgetting: {target}")
        yield Paragraph(" ".join(forgetting_sentences(data)))
        yield Tabular(forgetting_table(data), f"Forgetting before {target}")

    def pictures(self, data: TargetForgetting, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield what each later stage does to the tasks before it."""
        from harness.report.pictures.forgetting import draw_forgetting

        text = f"Change of each earlier task over each later stage, in the sequences before {target}"
        yield Drawable("forgetting", text, partial(draw_forgetting, data.changes))

    def columns(self, data: TargetForgetting) -> Mapping[str, Mapping[str, Cell]]:
        """Return each sequence's backward transfer."""
        transfers = {row.sequence: row.backward_transfer for row in data.rows}
        return {
            sequence: {
                "backward_transfer": transfer.mean if transfer else None,
                "backward_transfer_sd": transfer.sd if transfer else None,
            }
            for sequence, transfer in transfers.items()
        }


FORGETTING = ForgettingSection()

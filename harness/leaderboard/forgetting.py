"""What later stages leave of earlier tasks: each task's held-out metric after its own stage and at the end.

Backward transfer is BWT = 1/(T−1) · Σ_{i<T} (R_{T,i} − R_{i,i}), R_{j,i} being the metric of task i after
stage j of T (Lopez-Paz & Ranzato 2017, "Gradient Episodic Memory for Continual Learning", section 2,
https://arxiv.org/abs/1706.08840): negative where the stages after a task cost it. Each task keeps the head of
its own stage; only the encoder below it changes. Tasks without held-out rows are left out of the mean.
"""

import statistics
from collections.abc import Sequence

from harness.frozen_model import FrozenModel
from harness.leaderboard.board import Board, BoardRow
from harness.leaderboard.statistics import Spread

Matrix = Sequence[Sequence[float | None]]


class TaskRetention(FrozenModel):
    """One task of a sequence, over seeds: its metric after its own stage, after the target, and the change.

    Attributes:
        place: The task's place in the sequence, from 1.
    """

    task: str
    place: int
    metric: str
    learned: Spread
    kept: Spread
    change: Spread


class RowForgetting(FrozenModel):
    """One sequence; backward transfer is None where no task before the target has held-out rows."""

    sequence: str
    tasks: tuple[TaskRetention, ...]
    backward_transfer: Spread | None


class TargetForgetting(FrozenModel):
    """All sequences of one target in which forgetting was measured with every seed."""

    target: str
    rows: tuple[RowForgetting, ...]


def backward_transfer(matrix: Matrix) -> float | None:
    """Return BWT of one seed, given row j: the metrics of tasks 1 … j after stage j; None without any."""
    last = matrix[-1]
    changes = [
        kept - learned
        for place, kept in enumerate(last[:-1])
        if kept is not None and (learned := matrix[place][place]) is not None
    ]
    return statistics.fmean(changes) if changes else None


def target_forgetting(board: Board, target: str) -> TargetForgetting | None:
    """Summarise one target over seeds; None where forgetting was not measured."""
    rows = [_row(board, row) for row in board.rows_of(target) if row.order]
    measured = tuple(row for row in rows if row is not None)
    return TargetForgetting(target=target, rows=measured) if measured else None


def _row(board: Board, row: BoardRow) -> RowForgetting | None:
    matrices = [result.retention for seed in board.seeds if (result := row.seed(seed)) and result.retention]
    if len(matrices) < len(board.seeds):
        return None
    tasks = []
    for place, task in enumerate(row.order):
        pairs = [(matrix[place][place], matrix[-1][place]) for matrix in matrices]
        learned = [own for own, _ in pairs if own is not None]
        kept = [end for _, end in pairs if end is not None]
        if len(learned) == len(kept) == len(matrices):
            tasks.append(
                TaskRetention(
                    task=task,
                    place=place + 1,
                    metric=board.held_out_metrics[task],
                    learned=Spread.of(learned),
                    kept=Spread.of(kept),
                    change=Spread.of([end - own for own, end in zip(learned, kept, strict=True)]),
                )
            )
    transfers = [transfer for matrix in matrices if (transfer := backward_transfer(matrix)) is not None]
    complete = len(transfers) == len(matrices)
    return RowForgetting(
        sequence=row.sequence,
        tasks=tuple(tasks),
        backward_transfer=Spread.of(transfers) if complete else None,
    )

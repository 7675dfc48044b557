"""The scores of the complete rows of one target, and which rows hold the same tasks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.leaderboard.board import Board
from harness.leaderboard.statistics import complete_rows

Floats = npt.NDArray[np.float64]
Order = tuple[str, ...]


@dataclass(frozen=True)
class OrderScores:
    """What an analysis of order is computed from.

    Attributes:
        orders: Intermediate tasks of each row, (R,).
        languages: Evaluation tasks, (L,).
        scores: (R, seeds, L), by the headline metric.
    """

    orders: tuple[Order, ...]
    languages: tuple[str, ...]
    scores: Floats

    @property
    def averages(self) -> Floats:
        """Average over languages of each row and seed, (R, seeds)."""
        mean: Floats = self.scores.mean(axis=2)
        return mean

    @property
    def sets(self) -> tuple[tuple[int, ...], ...]:
        """The rows that hold the same tasks, set by set, sets of one row included."""
        found: dict[Order, list[int]] = {}
        for row, order in enumerate(self.orders):
            found.setdefault(tuple(sorted(order)), []).append(row)
        return tuple(tuple(rows) for rows in found.values())

    @property
    def permuted(self) -> tuple[tuple[int, ...], ...]:
        """The sets that hold at least two orders of the same tasks."""
        return tuple(rows for rows in self.sets if len(rows) > 1)


def order_scores(board: Board, target: str) -> OrderScores:
    """Gather the rows of a target that have a score for every seed and language."""
    columns = board.languages[target]
    rows = complete_rows(board, target)
    scores = [[[seed[column.task] for column in columns] for seed in seeds] for _, seeds in rows]
    shape = (len(rows), len(board.seeds), len(columns))
    return OrderScores(
        tuple(row.order for row, _ in rows),
        tuple(column.task for column in columns),
        np.array(scores, np.float64).reshape(shape),
    )

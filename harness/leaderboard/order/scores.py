"""The accuracies of the complete rows of one target, and which rows hold the same tasks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.leaderboard.board import Board
from harness.leaderboard.statistics import average, complete_seeds

Floats = npt.NDArray[np.float64]
Order = tuple[str, ...]


@dataclass(frozen=True)
class OrderScores:
    """What an analysis of order is computed from.

    Attributes:
        orders: Intermediate tasks of each row, (R,).
        languages: Evaluation tasks, (L,).
        accuracies: (R, seeds, L), fractions.
    """

    orders: tuple[Order, ...]
    languages: tuple[str, ...]
    accuracies: Floats

    @property
    def averages(self) -> Floats:
        """Average over languages of each row and seed, (R, seeds)."""
        mean: Floats = self.accuracies.mean(axis=2)
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
    orders, scores = [], []
    for row in board.rows_of(target):
        seeds = complete_seeds(board, row)
        if seeds is None or any(average(seed, columns) is None for seed in seeds):
            continue
        orders.append(row.order)
        scores.append([[seed[column.task] for column in columns] for seed in seeds])
    shape = (len(orders), len(board.seeds), len(columns))
    return OrderScores(
        tuple(orders), tuple(column.task for column in columns), np.array(scores, np.float64).reshape(shape)
    )

"""From the scores of seeds to the numbers of a table.

Averages over languages are taken within a seed first, then over seeds, so that the sd is that of the
published average. Nothing is averaged over what is missing: where one seed failed, or one language was
not scored, every number that would need it is None.
"""

import math
import statistics
from collections.abc import Callable, Sequence

import numpy as np

from harness.frozen_model import FrozenModel
from harness.leaderboard.board import Board, BoardRow, EvaluatedLanguage
from harness.leaderboard.interval import Interval
from harness.leaderboard.paired import PairedComparison
from harness.leaderboard.target_metric import TargetMetric
from harness.leaderboard.ties import shared_ranks, tie_groups
from harness.leaderboard.uncertainty import TargetUncertainty

SOURCE_LANGUAGE = "en"


class Spread(FrozenModel):
    """Mean over `n` seeds with the sample standard deviation (n − 1); one seed has no sd."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise one value per seed (at least one)."""
        sd = statistics.stdev(values) if len(values) > 1 else None
        return cls(mean=statistics.fmean(values), sd=sd, n=len(values))


class RowStatistics(FrozenModel):
    """One line of the table; shares and their differences are fractions (0.583, not 58.3).

    Attributes:
        secondary: Other metric -> its average over the languages.
    """

    sequence: str
    order: tuple[str, ...]
    rank: int | None
    ties: str | None
    languages: dict[str, Spread | None]
    average: Spread | None
    secondary: dict[str, Spread | None]
    non_english: Spread | None
    gap: Spread | None
    delta: Spread | None
    average_interval: Interval | None
    delta_interval: Interval | None

    @property
    def baseline(self) -> bool:
        """Whether this is the target-only row."""
        return not self.order

    @property
    def undecided(self) -> bool:
        """Whether the interval of the difference to target-only covers zero."""
        return self.delta_interval is not None and self.delta_interval.covers_zero


class TargetStatistics(FrozenModel):
    """The table of one target, best average first, rows without an average last.

    Attributes:
        metrics: What it is scored by, the headline metric first; all but `secondary` is by that one.
        comparisons: Pairs with the same tasks in another order, corrected among themselves; of very many
            those with the largest differences.
        orders_compared: How many of them were compared.
        orders_apart: How many of these are told apart.
        pairs: All pairs of rows, corrected together; of very large tables those with the best row.
    """

    target: str
    metrics: tuple[TargetMetric, ...]
    languages: tuple[EvaluatedLanguage, ...]
    rows: tuple[RowStatistics, ...]
    comparisons: tuple[PairedComparison, ...]
    orders_compared: int = 0
    orders_apart: int = 0
    pairs: tuple[PairedComparison, ...]

    @property
    def pairs_compared(self) -> int:
        """How many pairs of rows were compared."""
        return math.comb(sum(row.average is not None for row in self.rows), 2) if self.pairs else 0

    @property
    def baseline(self) -> RowStatistics | None:
        """The target-only row, where the sequence file asked for one."""
        return next((row for row in self.rows if row.baseline), None)


SeedScores = dict[str, float]


def complete_seeds(board: Board, row: BoardRow) -> list[SeedScores] | None:
    """Return the scores of every seed of the board, or None when a seed of this row failed or is missing."""
    results = [row.seed(seed) for seed in board.seeds]
    if any(result is None or result.status != "ok" for result in results):
        return None
    return [dict(result.scores) for result in results if result is not None]


def complete_rows(board: Board, target: str) -> list[tuple[BoardRow, list[SeedScores]]]:
    """Return the rows that have a score for every seed and language, with the scores of each seed."""
    columns = board.languages[target]
    return [
        (row, seeds)
        for row in board.rows_of(target)
        if (seeds := complete_seeds(board, row)) is not None
        and all(average(scores, columns) is not None for scores in seeds)
    ]


def average(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's mean score over the columns, None when one is missing or there is none."""
    if not columns or any(column.task not in scores for column in columns):
        return None
    return statistics.fmean(scores[column.task] for column in columns)


def non_english_average(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's mean score over the columns in other languages than English."""
    return average(scores, [column for column in columns if column.language != SOURCE_LANGUAGE])


def english_gap(scores: SeedScores, columns: Sequence[EvaluatedLanguage]) -> float | None:
    """Return one seed's English score minus its non-English average (XTREME's transfer gap).

    Source: Hu et al. 2020, "XTREME", section 5 (https://arxiv.org/abs/2003.11080).
    """
    english = average(scores, [column for column in columns if column.language == SOURCE_LANGUAGE])
    others = non_english_average(scores, columns)
    return None if english is None or others is None else english - others


def target_statistics(board: Board, target: str, uncertainty: TargetUncertainty | None) -> TargetStatistics:
    """Compute the table of one target; without predictions there is no uncertainty."""
    columns = board.languages[target]
    rows = board.rows_of(target)
    baseline = next((complete_seeds(board, row) for row in rows if not row.order), None)
    summaries = [_row(board, row, baseline, uncertainty) for row in rows]
    sign = board.metrics[target][0].sign
    ranked = sorted(
        summaries, key=lambda row: (row.average is None, -sign * _mean(row), len(row.order), row.order)
    )
    return TargetStatistics(
        target=target,
        metrics=board.metrics[target],
        languages=columns,
        rows=_placed(ranked, uncertainty) if uncertainty else _placed_by_average(ranked),
        comparisons=uncertainty.comparisons.permuted if uncertainty else (),
        orders_compared=uncertainty.comparisons.permuted_compared if uncertainty else 0,
        orders_apart=uncertainty.comparisons.permuted_apart if uncertainty else 0,
        pairs=uncertainty.comparisons.pairs if uncertainty else (),
    )


def _placed_by_average(ranked: Sequence[RowStatistics]) -> tuple[RowStatistics, ...]:
    """Number the rows by their averages, for want of anything that could tell rows apart."""
    means = [_mean(row) for row in ranked if row.average is not None]
    return tuple(
        row if row.average is None else row.model_copy(update={"rank": 1 + means.index(_mean(row))})
        for row in ranked
    )


def _placed(ranked: Sequence[RowStatistics], uncertainty: TargetUncertainty) -> tuple[RowStatistics, ...]:
    """Give rows that are not told apart the same rank, and each row the letters of its tie groups."""
    compared = [row for row in ranked if row.average is not None]
    place = {sequence: number for number, sequence in enumerate(uncertainty.sequences)}
    order = [place[row.sequence] for row in compared]
    apart = uncertainty.comparisons.apart[np.ix_(order, order)]
    placed = [
        row.model_copy(update={"rank": rank, "ties": ties})
        for row, rank, ties in zip(compared, shared_ranks(apart), tie_groups(apart), strict=True)
    ]
    return (*placed, *(row for row in ranked if row.average is None))


def _mean(row: RowStatistics) -> float:
    return row.average.mean if row.average else 0.0


def _row(
    board: Board, row: BoardRow, baseline: list[SeedScores] | None, uncertainty: TargetUncertainty | None
) -> RowStatistics:
    columns = board.languages[row.target]
    seeds = complete_seeds(board, row)

    def over_seeds(statistic: Callable[[SeedScores], float | None]) -> Spread | None:
        return _spread([statistic(scores) for scores in seeds]) if seeds is not None else None

    return RowStatistics(
        sequence=row.sequence,
        order=row.order,
        rank=None,
        ties=None,
        languages={
            column.task: over_seeds(lambda scores, task=column.task: scores.get(task))  # type: ignore[misc]
            for column in columns
        },
        average=over_seeds(lambda scores: average(scores, columns)),
        secondary={
            metric.name: _secondary(board, row, metric.name) for metric in board.metrics[row.target][1:]
        },
        non_english=over_seeds(lambda scores: non_english_average(scores, columns)),
        gap=over_seeds(lambda scores: english_gap(scores, columns)),
        delta=_delta(seeds, baseline, columns) if row.order else None,
        average_interval=uncertainty.averages.get(row.sequence) if uncertainty else None,
        delta_interval=uncertainty.deltas.get(row.sequence) if uncertainty else None,
    )


def _secondary(board: Board, row: BoardRow, metric: str) -> Spread | None:
    if complete_seeds(board, row) is None:
        return None
    results = (row.seed(seed) for seed in board.seeds)
    columns = board.languages[row.target]
    return _spread([average(result.secondary.get(metric, {}), columns) for result in results if result])


def _delta(
    seeds: list[SeedScores] | None, baseline: list[SeedScores] | None, columns: Sequence[EvaluatedLanguage]
) -> Spread | None:
    """Difference of averages to target-only, seed by seed (the seed sets both target stages' data order)."""
    if seeds is None or baseline is None:
        return None
    pairs = [
        (average(own, columns), average(other, columns)) for own, other in zip(seeds, baseline, strict=True)
    ]
    return _spread([None if a is None or b is None else a - b for a, b in pairs])


def _spread(values: Sequence[float | None]) -> Spread | None:
    present = [value for value in values if value is not None]
    return Spread.of(present) if present and len(present) == len(values) else None

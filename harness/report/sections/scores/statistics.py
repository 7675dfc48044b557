"""From the scores of seeds to the numbers of a table.

Averages over languages are taken within a seed first, then over seeds, so that the sd is that of the
published average. Nothing is averaged over what is missing: where one seed failed, or one language was
not scored, every number that would need it is None.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from harness.frozen_model import FrozenModel
from harness.report.sections.tested import PrimaryContrast, TestedTable
from harness.results.averages import SeedScores, average, complete_seeds, english_gap, non_english_average
from harness.results.board import Board, BoardRow, EvaluatedLanguage
from harness.results.target_metric import TargetMetric
from harness.statistics.arrays import DECIMALS
from harness.statistics.order_test import SetTest
from harness.statistics.spread import Spread
from harness.statistics.ties import tie_groups
from harness.statistics.verdict import Effect, Interval, Verdict

# Above so many pairs nobody reads them one by one.
MOST_PAIRS = 2_000


class RowStatistics(FrozenModel):
    """One line of the table; shares and their differences are fractions (0.583, not 58.3).

    Attributes:
        ranks: The lowest and highest rank that the row may have; None where nothing is testable.
        ties: Letters that it shares with rows from which it does not differ significantly.
        secondary: Other metric -> its average over the languages.
        shrunken: The average drawn toward those of the other rows.
        average_interval: None also where a run collapsed.
        effect: The difference to target-only as tested.
        collapsed: How many of its runs did not learn.
        without_collapse: The average over its other runs, where there are both.
    """

    sequence: str
    order: tuple[str, ...]
    ranks: tuple[int, int] | None
    ties: str | None
    languages: dict[str, Spread | None]
    average: Spread | None
    secondary: dict[str, Spread | None]
    non_english: Spread | None
    gap: Spread | None
    delta: Spread | None
    shrunken: float | None = None
    average_interval: Interval | None = None
    effect: Effect | None = None
    collapsed: int = 0
    without_collapse: Spread | None = None

    @property
    def baseline(self) -> bool:
        """Whether this is the target-only row."""
        return not self.order


class Comparison(FrozenModel):
    """Two rows, the better average first."""

    first: str
    second: str
    effect: Effect


class TestedSet(FrozenModel):
    """The test of the rows that hold some tasks."""

    tasks: tuple[str, ...]
    test: SetTest


class OrderAnswer(FrozenModel):
    """Whether order matters: what finding, index and summary say.

    Attributes:
        verdict: Of the omnibus test, corrected; `equivalent` where it is not significant and all pairs are.
        p: The corrected p-value; None where nothing is testable.
        tests: Of each set of rows with the same tasks.
        compared: Pairs of sequences with the same tasks in another order.
        significant: How many of them differ significantly.
    """

    verdict: Verdict
    p: float | None
    tests: tuple[TestedSet, ...]
    compared: int
    significant: int


class TargetStatistics(FrozenModel):
    """The table of one target, best average first, rows without an average last.

    Attributes:
        metrics: What it is scored by, the headline metric first; all but `secondary` is by that one.
        order: The answer on order; None where no two sequences hold the same tasks, or there are no item
            scores.
        comparisons: Pairs with the same tasks in another order, of very many those with the largest
            differences.
        primary: Further contrasts that the sequence file declares.
        exploratory: Whether seeds were added after all planned ones had been looked at.
        deltas_exploratory: Whether the sequence file does not declare differences to target-only primary.
    """

    metrics: tuple[TargetMetric, ...]
    languages: tuple[EvaluatedLanguage, ...]
    rows: tuple[RowStatistics, ...]
    order: OrderAnswer | None = None
    comparisons: tuple[Comparison, ...] = ()
    primary: tuple[PrimaryContrast, ...] = ()
    exploratory: bool = False
    deltas_exploratory: bool = True

    @property
    def baseline(self) -> RowStatistics | None:
        """The target-only row, where the sequence file asked for one."""
        return next((row for row in self.rows if row.baseline), None)


def target_statistics(board: Board, target: str, tested: TestedTable | None) -> TargetStatistics:
    """Compute the table of one target; without item scores nothing is tested."""
    columns, metrics = board.languages[target], board.metrics[target]
    rows = board.rows_of(target)
    baseline = next((complete_seeds(board, row) for row in rows if not row.order), None)
    summaries = [_row(board, row, baseline) for row in rows]
    ranked = sorted(
        summaries,
        key=lambda row: (row.average is None, -metrics[0].sign * _mean(row), len(row.order), row.order),
    )
    return TargetStatistics(
        metrics=metrics,
        languages=columns,
        rows=tuple(_with_tests(ranked, tested)) if tested else tuple(ranked),
        order=_order_answer(tested) if tested and tested.sets else None,
        comparisons=tuple(
            Comparison(first=tested.sequences[first], second=tested.sequences[second], effect=effect)
            for first, second, effect in tested.result.pairs[:MOST_PAIRS]
        )
        if tested
        else (),
        primary=tested.primary if tested else (),
        exploratory=tested.exploratory if tested else False,
        deltas_exploratory="baseline" not in board.analysis.contrasts,
    )


def _order_answer(tested: TestedTable) -> OrderAnswer:
    result = tested.result
    effects = [effect for *_, effect in result.pairs]
    verdict: Verdict = "not testable" if result.order_p is None else "not significant"
    if result.order_matters:
        verdict = "significant"
    elif verdict == "not significant" and all(effect.verdict == "equivalent" for effect in effects):
        verdict = "equivalent"
    return OrderAnswer(
        verdict=verdict,
        p=result.order_p,
        tests=tuple(
            TestedSet(tasks=tuple(sorted(tested.orders[test.rows[0]])), test=test)
            for test in result.order_tests
        ),
        compared=len(effects),
        significant=sum(effect.significant for effect in effects),
    )


def _with_tests(ranked: Sequence[RowStatistics], tested: TestedTable) -> Iterator[RowStatistics]:
    """Yield the rows with what was tested of them; letters go down the table."""
    result = tested.result
    place = {sequence: number for number, sequence in enumerate(tested.sequences)}
    order = [place[row.sequence] for row in ranked if row.sequence in place]
    letters: dict[int, str] = {}
    if result.ranks is not None:
        letters = dict(zip(order, tie_groups(result.significant[np.ix_(order, order)]), strict=True))
    for row in ranked:
        number = place.get(row.sequence)
        if number is None:
            yield row
            continue
        learned = tested.contrasts.table[number][~tested.collapsed[number]]
        collapsed = int(tested.collapsed[number].sum())
        yield row.model_copy(
            update={
                "ranks": result.ranks[number] if result.ranks else None,
                "ties": letters.get(number),
                "shrunken": round(float(result.shrunken[number]), DECIMALS),
                "average_interval": result.averages[number],
                "effect": result.deltas.get(number),
                "collapsed": collapsed,
                "without_collapse": Spread.of(learned.tolist()) if collapsed and len(learned) else None,
            }
        )


def _mean(row: RowStatistics) -> float:
    return row.average.mean if row.average else 0.0


def _row(board: Board, row: BoardRow, baseline: list[SeedScores] | None) -> RowStatistics:
    columns = board.languages[row.target]
    seeds = complete_seeds(board, row)

    def over_seeds(statistic: Callable[[SeedScores], float | None]) -> Spread | None:
        return _spread([statistic(scores) for scores in seeds]) if seeds is not None else None

    return RowStatistics(
        sequence=row.sequence,
        order=row.order,
        ranks=None,
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

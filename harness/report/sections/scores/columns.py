"""The numbers of a target's table, unrounded, as the columns of a CSV file."""

from collections.abc import Iterator, Mapping

from harness.report.section import Cell
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.statistics.spread import Spread


def score_columns(data: TargetStatistics) -> Mapping[str, Mapping[str, Cell]]:
    """Return sequence -> column -> cell.

    Columns: the headline metric and where the row stands; mean and sd over seeds of average, average over
    non-English languages, gap and Δ to target-only; ends of the 95% intervals; the adjusted p-value of Δ, its
    verdict and whether it is primary; the average drawn toward the others; the mean of each evaluation task;
    then mean and sd of the average by each other metric. Shares are fractions.
    """
    return {row.sequence: dict(_cells(row, data)) for row in data.rows}


def _cells(row: RowStatistics, data: TargetStatistics) -> Iterator[tuple[str, Cell]]:
    low, high = row.ranks or (None, None)
    yield from (("metric", data.metrics[0].name), ("rank_low", low), ("rank_high", high), ("ties", row.ties))
    yield from (("order", " ".join(row.order)), ("seeds", row.average.n if row.average else None))
    spreads = {"average": row.average, "non_english": row.non_english, "gap": row.gap, "delta": row.delta}
    for name, value in spreads.items():
        yield from _spread(name, value)
    intervals = {"average": row.average_interval, "delta": row.effect.interval if row.effect else None}
    for name, interval in intervals.items():
        yield f"{name}_low", interval.low if interval else None
        yield f"{name}_high", interval.high if interval else None
    yield "delta_p_adjusted", row.effect.p_adjusted if row.effect else None
    yield "delta_verdict", row.effect.verdict if row.effect else None
    yield "delta_family", ("exploratory" if data.deltas_exploratory else "primary") if row.effect else None
    yield "shrunken", row.shrunken
    for column in data.languages:
        mean = row.languages[column.task]
        yield column.task, mean.mean if mean else None
    for metric in data.metrics[1:]:
        yield from _spread(metric.name, row.secondary[metric.name])


def _spread(name: str, value: Spread | None) -> Iterator[tuple[str, Cell]]:
    yield name, value.mean if value else None
    yield f"{name}_sd", value.sd if value else None

"""All tables in one CSV: a line for each sequence, numbers with 6 decimals, empty where there is none."""

import csv
import io
from collections.abc import Iterable

from harness.report.publication import Publication
from harness.report.sections.target_statistics import RowStatistics
from harness.statistics.arrays import DECIMALS
from harness.statistics.spread import Spread
from harness.statistics.verdict import Interval

_PLACE = ("target", "metric", "rank_low", "rank_high", "ties", "order", "sequence", "seeds")
_SPREADS = ("average", "non_english", "gap", "delta")


def render_csv(publication: Publication) -> str:
    """Return the text, lines ended by a line feed.

    Columns: where the row stands and its headline metric; mean and sd over seeds of average, average over
    non-English languages, gap and Δ to target-only; ends of the 95% intervals; the adjusted p-value of
    Δ; the average drawn towards the others; the mean of each evaluation
    task; then mean and sd of the average by each other metric. Shares are fractions.
    """
    tasks = list(dict.fromkeys(c.task for table in publication.targets for c in table.languages))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spreads = [name for spread in _SPREADS for name in (spread, f"{spread}_sd")]
    intervals = [f"{name}_{end}" for name in ("average", "delta") for end in ("low", "high")]
    others = list(dict.fromkeys(m.name for table in publication.targets for m in table.metrics[1:]))
    secondary = [name for other in others for name in (other, f"{other}_sd")]
    writer.writerow([*_PLACE, *spreads, *intervals, "delta_p_adjusted", "shrunken", *tasks, *secondary])
    for table in publication.targets:
        for row in table.rows:
            metric = table.metrics[0].name
            ranks = row.ranks or (None, None)
            place = (table.target, metric, *ranks, row.ties, " ".join(row.order), row.sequence, _seeds(row))
            writer.writerow([*place, *map(_number, _numbers(row, tasks, others))])
    return text.getvalue()


def _numbers(row: RowStatistics, tasks: Iterable[str], others: Iterable[str]) -> Iterable[float | None]:
    for spread in (row.average, row.non_english, row.gap, row.delta):
        yield spread.mean if spread else None
        yield spread.sd if spread else None
    for interval in (row.average_interval, row.effect.interval if row.effect else None):
        yield from _ends(interval)
    yield row.effect.p_adjusted if row.effect else None
    yield row.shrunken
    for task in tasks:
        mean: Spread | None = row.languages.get(task)
        yield mean.mean if mean else None
    for other in others:
        own = row.secondary.get(other)
        yield own.mean if own else None
        yield own.sd if own else None


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _seeds(row: RowStatistics) -> int | None:
    return row.average.n if row.average else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}"

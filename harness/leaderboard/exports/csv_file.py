"""All tables in one CSV: a line for each sequence, fractions with 6 decimals, empty where there is none."""

import csv
import io
from collections.abc import Iterable

from harness.leaderboard.interval import DECIMALS, Interval
from harness.leaderboard.publication import Publication
from harness.leaderboard.statistics import RowStatistics, Spread

_PLACE = ("target", "rank", "ties", "order", "sequence", "seeds")
_SPREADS = ("average", "non_english", "gap", "delta")


def render_csv(publication: Publication) -> str:
    """Return the text, lines ended by a line feed.

    Columns: where the row stands; mean and sd over seeds of average, average over non-English languages,
    gap and Δ to target-only; ends of the 95% intervals; then the mean of each evaluation task.
    """
    tasks = list(dict.fromkeys(c.task for table in publication.targets for c in table.languages))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    spreads = [name for spread in _SPREADS for name in (spread, f"{spread}_sd")]
    intervals = [f"{name}_{end}" for name in ("average", "delta") for end in ("low", "high")]
    writer.writerow([*_PLACE, *spreads, *intervals, *tasks])
    for table in publication.targets:
        for row in table.rows:
            place = (table.target, row.rank, row.ties, " ".join(row.order), row.sequence, _seeds(row))
            writer.writerow([*place, *map(_number, _numbers(row, tasks))])
    return text.getvalue()


def _numbers(row: RowStatistics, tasks: Iterable[str]) -> Iterable[float | None]:
    for spread in (row.average, row.non_english, row.gap, row.delta):
        yield spread.mean if spread else None
        yield spread.sd if spread else None
    for interval in (row.average_interval, row.delta_interval):
        yield from _ends(interval)
    for task in tasks:
        mean: Spread | None = row.languages.get(task)
        yield mean.mean if mean else None


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _seeds(row: RowStatistics) -> int | None:
    return row.average.n if row.average else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}"

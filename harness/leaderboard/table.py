"""The tables of a leaderboard, as markdown by tabulate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from harness.leaderboard.board import EvaluatedLanguage
from harness.leaderboard.notation import EMPTY, interval, p_value, percent, points, spread
from harness.leaderboard.paired import PairedComparison
from harness.leaderboard.statistics import RowStatistics, Spread, TargetStatistics

UNDECIDED = "≈"


@dataclass(frozen=True)
class Table:
    """Headers and cells as they are shown; the columns named in `left` are aligned to the left."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[str] = frozenset({"order", "ties"})

    def render(self, style: str = "pipe") -> str:
        """Return the text of the table in one of tabulate's styles."""
        align = ["left" if header in self.left else "right" for header in self.headers]
        return tabulate(self.rows, self.headers, tablefmt=style, colalign=align, disable_numparse=True)

    @staticmethod
    def cells(line: str) -> list[str]:
        """Split a line of a markdown table into its cells; a line of another kind has none."""
        if not line.startswith("|"):
            return []
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]

    def columns(self, start: int, end: int) -> "Table":
        """Return a part of the table: the first two columns, and those from `start` to `end`."""
        keep = [0, 1, *range(max(2, start), end)]
        return Table(
            tuple(self.headers[i] for i in keep),
            tuple(tuple(row[i] for i in keep) for row in self.rows),
            self.left,
        )


def column_names(columns: Sequence[EvaluatedLanguage]) -> tuple[str, ...]:
    """Return the language codes, or the tasks' names where a language occurs in two corpora."""
    codes = tuple(column.language for column in columns)
    return codes if len(set(codes)) == len(codes) else tuple(column.task for column in columns)


def target_table(statistics: TargetStatistics, *, markup: bool) -> Table:
    """Lay out one target: rank, order, languages, averages, gap, Δ to target-only.

    Args:
        statistics: The numbers.
        markup: Whether the best of a column stands in bold, as markdown.
    """
    rows = statistics.rows
    languages = [
        _column(name, [_mean(row.languages[column.task]) for row in rows], rows, markup)
        for name, column in zip(column_names(statistics.languages), statistics.languages, strict=True)
    ]
    with_intervals = any(row.average_interval for row in rows)
    summary = [_column("average", [_measured(row.average) for row in rows], rows, markup)]
    if with_intervals:
        summary.append(("average 95%", [interval(row.average_interval) for row in rows]))
    summary.append(_column("non-English", [_measured(row.non_english) for row in rows], rows, markup))
    summary.append(("gap", [spread(row.gap, signed=True) for row in rows]))
    delta = "Δ target-only"
    summary.append(_column(delta, [_delta(row) for row in rows], rows, markup))
    if with_intervals:
        summary.append(("Δ 95%", [interval(row.delta_interval, signed=True) for row in rows]))
    if any(row.ties for row in rows):
        summary.append(("ties", [row.ties or EMPTY for row in rows]))
    first = [
        ("rank", [EMPTY if row.rank is None else str(row.rank) for row in rows]),
        ("order", [sequence_label(row) for row in rows]),
    ]
    return _assemble([*first, *languages, *summary])


def sequence_label(row: RowStatistics) -> str:
    """Return `rte → xnli`, or `xnli (target only)` for the baseline."""
    return f"{row.sequence} (target only)" if row.baseline else row.sequence


def comparison_table(comparisons: Sequence[PairedComparison], other: str) -> Table:
    """Lay out comparisons of pairs.

    Args:
        comparisons: At least one.
        other: The header of the row that is compared with.
    """
    one_seed = comparisons[0].p_mcnemar is not None
    headers = (
        "better average",
        other,
        "difference",
        "95% interval",
        "p",
        "p Holm",
        "p items",
        *(["p McNemar"] if one_seed else []),
        "apart",
    )
    rows = tuple(
        (
            pair.first,
            pair.second,
            points(pair.difference),
            interval(pair.interval, signed=True),
            p_value(pair.p),
            p_value(pair.p_holm),
            p_value(pair.p_items),
            *([] if pair.p_mcnemar is None else [p_value(pair.p_mcnemar)]),
            "yes" if pair.apart else f"{UNDECIDED} no",
        )
        for pair in comparisons
    )
    return Table(headers, rows, frozenset(headers[:2]))


_Cell = tuple[str, float | None]


def _mean(value: Spread | None) -> _Cell:
    return (EMPTY, None) if value is None else (spread(Spread(mean=value.mean, sd=None, n=1)), value.mean)


def _measured(value: Spread | None) -> _Cell:
    return (spread(value), value.mean if value else None)


def _delta(row: RowStatistics) -> _Cell:
    if row.baseline:
        return ("baseline", None)
    text = spread(row.delta, signed=True)
    return (f"{UNDECIDED} {text}" if row.undecided else text, row.delta.mean if row.delta else None)


def _column(
    name: str, cells: Sequence[_Cell], rows: Sequence[RowStatistics], markup: bool
) -> tuple[str, list[str]]:
    """Return the cells' texts; what shows as the highest value is bold, where there is a choice."""
    values = [percent(value) for _, value in cells if value is not None]
    best = max(values, key=float) if markup and len(values) > 1 else None
    texts = [f"**{text}**" if value is not None and percent(value) == best else text for text, value in cells]
    return name, texts


def _assemble(columns: Sequence[tuple[str, list[str]]]) -> Table:
    headers = tuple(name for name, _ in columns)
    return Table(headers, tuple(zip(*(cells for _, cells in columns), strict=True)))

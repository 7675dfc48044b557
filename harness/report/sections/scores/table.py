"""The table of one target, and that of its pairs of orders."""

from collections.abc import Iterator, Mapping, Sequence

from harness.report.notation import EMPTY, interval, p_value, spread
from harness.report.sections.languages.facts import language_families
from harness.report.sections.scores.statistics import Comparison, RowStatistics, TargetStatistics
from harness.report.table import Table, column_names, without_bold
from harness.results.target_metric import Scale, TargetMetric
from harness.statistics.spread import Spread

UNDECIDED = "≈"
_MOST_TOGETHER = 8
"""Languages of small families that stand in one table."""


def target_table(statistics: TargetStatistics) -> Table:
    """Lay out one target: ranks, order, languages, averages, gap, Δ to target-only; the best in bold."""
    rows, (metric, *others) = statistics.rows, statistics.metrics
    scale = metric.scale

    def column(name: str, cells: Sequence[_Cell], own: TargetMetric = metric) -> tuple[str, list[str]]:
        return _column(name, cells, own)

    languages = [
        column(name, [_mean(row.languages[of.task], scale) for row in rows])
        for name, of in zip(column_names(statistics.languages), statistics.languages, strict=True)
    ]
    with_intervals = any(row.average_interval for row in rows)
    summary = [column("average", [_measured(row.average, scale) for row in rows])]
    if with_intervals:
        summary.append(("average 95%", [interval(row.average_interval, scale) for row in rows]))
    summary += [
        column(other.title, [_measured(row.secondary[other.name], other.scale) for row in rows], other)
        for other in others
    ]
    summary.append(column("non-English", [_measured(row.non_english, scale) for row in rows]))
    summary.append(("gap", [spread(row.gap, scale, signed=True) for row in rows]))
    summary.append(column("Δ target-only", [_delta(row, scale) for row in rows]))
    effects = [row.effect for row in rows]
    if any(effects):
        ends = [interval(own.interval if own else None, scale, signed=True) for own in effects]
        summary.append(("Δ 95%", ends))
        summary.append(("adjusted p", [p_value(own.p_adjusted) if own else EMPTY for own in effects]))
        summary.append(("verdict", [own.verdict if own else EMPTY for own in effects]))
    if any(row.shrunken is not None for row in rows):
        summary.append(
            ("shrunken", [EMPTY if row.shrunken is None else scale.value(row.shrunken) for row in rows])
        )
    if any(row.ties for row in rows):
        summary.append(("ties", [row.ties or EMPTY for row in rows]))
    first = [
        ("ranks", [_ranks(row) for row in rows]),
        ("order", [sequence_label(row) for row in rows]),
    ]
    return _assemble([*first, *languages, *summary])


def family_tables(statistics: TargetStatistics) -> Iterator[tuple[str, Table]]:
    """Yield the languages of `target_table`, some families together, and their title."""
    table, known = target_table(statistics), language_families()
    families: dict[str, list[int]] = {}
    for place, column in enumerate(statistics.languages, 2):
        family = known[column.language].family if column.language in known else "other"
        families.setdefault(family, []).append(place)
    together: list[str] = []
    for name in sorted(families):
        if together and sum(len(families[other]) for other in (*together, name)) > _MOST_TOGETHER:
            yield _families(table, families, together)
            together = []
        together.append(name)
    if together:
        yield _families(table, families, together)


def _families(table: Table, families: Mapping[str, Sequence[int]], names: Sequence[str]) -> tuple[str, Table]:
    places = [place for name in names for place in families[name]]
    codes = ", ".join(table.headers[place] for place in places)
    return f"{', '.join(names)} ({codes})", table.chosen(places)


_GLANCE = ("order", "average", "average 95%", "Δ target-only", "Δ 95%", "adjusted p", "verdict")


def overview_table(statistics: TargetStatistics, rows: Sequence[RowStatistics]) -> Table:
    """Lay out a few rows of the target's table, without languages."""
    table = target_table(statistics)
    columns = [table.headers.index(header) for header in _GLANCE if header in table.headers]
    lines = [line for row, line in zip(statistics.rows, table.rows, strict=True) if row in rows]
    return Table(
        tuple(table.headers[column] for column in columns),
        tuple(tuple(without_bold(line[column]) for column in columns) for line in lines),
        table.left,
    )


def sequence_label(row: RowStatistics) -> str:
    """Return `rte → xnli`, or `xnli (target only)` for the baseline."""
    return f"{row.sequence} (target only)" if row.baseline else row.sequence


def comparison_table(comparisons: Sequence[Comparison], scale: Scale) -> Table:
    """Lay out pairs of sequences with the same tasks in another order."""
    headers = (
        *(
            "better average",
            "the same tasks otherwise",
            "difference",
            "95% interval",
            "adjusted p",
            "verdict",
        ),
        *("not excluded up to", "Δ/σ", "P(better)"),
    )
    rows = tuple(
        (
            pair.first,
            pair.second,
            scale.difference(pair.effect.difference),
            interval(pair.effect.interval, scale, signed=True),
            p_value(pair.effect.p_adjusted),
            pair.effect.verdict,
            EMPTY if pair.effect.interval is None else scale.value(pair.effect.interval.farthest),
            EMPTY if pair.effect.size is None else f"{pair.effect.size:.1f}",
            EMPTY if pair.effect.superiority is None else f"{pair.effect.superiority:.2f}",
        )
        for pair in comparisons
    )
    return Table(headers, rows, frozenset({*headers[:2], "verdict"}))


def _ranks(row: RowStatistics) -> str:
    """Write the ranks that a row may have: `1–3`."""
    if row.ranks is None:
        return EMPTY
    low, high = row.ranks
    return str(low) if low == high else f"{low}–{high}"


_Cell = tuple[str, float | None]


def _mean(value: Spread | None, scale: Scale) -> _Cell:
    return (EMPTY, None) if value is None else (scale.value(value.mean), value.mean)


def _measured(value: Spread | None, scale: Scale) -> _Cell:
    return (spread(value, scale), value.mean if value else None)


def _delta(row: RowStatistics, scale: Scale) -> _Cell:
    if row.baseline:
        return ("baseline", None)
    text = spread(row.delta, scale, signed=True)
    marked = row.effect is not None and not row.effect.significant
    return (f"{UNDECIDED} {text}" if marked else text, row.delta.mean if row.delta else None)


def _column(name: str, cells: Sequence[_Cell], metric: TargetMetric) -> tuple[str, list[str]]:
    """Return the cells' texts; what shows as the best value is bold, where there is a choice."""
    values = [metric.scale.value(value) for _, value in cells if value is not None]
    best = (max if metric.higher_is_better else min)(values, key=float) if len(values) > 1 else None
    texts = [
        f"**{text}**" if value is not None and metric.scale.value(value) == best else text
        for text, value in cells
    ]
    return name, texts


def _assemble(columns: Sequence[tuple[str, list[str]]]) -> Table:
    headers = tuple(name for name, _ in columns)
    return Table(headers, tuple(zip(*(cells for _, cells in columns), strict=True)))

"""The tables of an analysis of order."""

from collections.abc import Iterator, Sequence

from harness.report.notation import EMPTY, interval, p_value, spread
from harness.report.sections.order.analysis import OrderAnalysis, SharedStages
from harness.report.sections.order.summary import effect_names
from harness.report.sections.scores.statistics import TargetStatistics
from harness.report.table import Table
from harness.results.board import ARROW
from harness.results.target_metric import Scale
from harness.statistics.place_effects import PlaceEffects
from harness.statistics.power import SeedsNeeded

Titled = tuple[str, Table]
_MOST_SHARED = 40


def analysis_tables(analysis: OrderAnalysis, table: TargetStatistics) -> Iterator[Titled]:
    """Yield the titles and tables of an analysis that have something in them.

    Args:
        analysis: The analysis.
        table: The target's table.
    """
    scale = table.metrics[0].scale
    if table.order:
        yield "The test of order, by set of tasks", order_test_table(table)
    if 0 < len(analysis.shared_stages) <= _MOST_SHARED:
        yield "Sequences that share trained stages", shared_table(analysis.shared_stages)
    for title, effects in (
        ("A before B, for the same tasks (exploratory)", analysis.before),
        ("The last task before the target, for the same tasks (exploratory)", analysis.last),
        ("Each position, for the same tasks (exploratory)", analysis.positions),
    ):
        if effects and effects.effects:
            rank = f"; {effects.rank} independent of {effects.names}" if effects.rank < effects.names else ""
            yield f"{title}{rank}", effect_table(effects, scale)
    if any(row.collapsed for row in table.rows):
        yield "Collapsed runs, and averages of the others", collapse_table(table)
    if analysis.power:
        title = f"Seeds needed for 80% power, corrected for {analysis.power.comparisons:,}"
        yield title, power_table(analysis.power.needed, scale)


def order_test_table(table: TargetStatistics) -> Table:
    """Lay out the test of each set of rows with the same tasks."""
    headers = (
        "sets of tasks",
        "orders",
        "decided by",
        "p",
        "adjusted p",
        "permutation p",
        "least possible",
        "F",
        "F p",
    )
    rows = tuple(
        (
            ", ".join(own.tasks),
            str(len(test.rows)),
            test.by,
            p_value(test.p),
            p_value(test.p_adjusted),
            p_value(test.p_permutation),
            p_value(test.smallest_p),
            EMPTY if test.f is None else f"{test.f:.2f}",
            p_value(test.f_p),
        )
        for own in (table.order.tests if table.order else ())
        for test in (own.test,)
    )
    return Table(headers, rows, frozenset({headers[0], headers[2]}))


def shared_table(groups: Sequence[SharedStages]) -> Table:
    """Lay out which sequences begin with the same stages."""
    rows = tuple(
        (ARROW.join(group.sequences[0].split(ARROW)[: group.depth]), str(len(group.sequences)))
        for group in groups
    )
    return Table(("first stages", "sequences"), rows, frozenset({"first stages"}))


def effect_table(effects: PlaceEffects, scale: Scale) -> Table:
    """Lay out the effects of places; names that the design cannot tell apart stand together."""
    headers = ("place", "effect", "95% interval", "p", "adjusted p", "verdict", "sets")
    rows = tuple(
        (
            effect_names(effect),
            scale.difference(effect.effect.difference),
            interval(effect.effect.interval, scale, signed=True),
            p_value(effect.effect.p),
            p_value(effect.effect.p_adjusted),
            effect.effect.verdict,
            str(effect.places[0].sets),
        )
        for effect in effects.effects
    )
    return Table(headers, rows, frozenset({headers[0], "verdict"}))


def collapse_table(table: TargetStatistics) -> Table:
    """Lay out how many runs of each row collapsed, and the average over the others."""
    scale = table.metrics[0].scale
    rows = tuple(
        (
            row.sequence,
            f"{row.collapsed} of {row.average.n if row.average else 0}",
            spread(row.average, scale),
            spread(row.without_collapse if row.collapsed else row.average, scale),
        )
        for row in table.rows
        if row.average is not None
    )
    return Table(("order", "collapsed", "average", "given no collapse"), rows)


def power_table(needed: Sequence[SeedsNeeded], scale: Scale) -> Table:
    """Lay out the seeds needed, with the interval that the scatter's gives."""

    def shown(seeds: int | None) -> str:
        return "over 1,000" if seeds is None else str(seeds)

    rows = tuple(
        (
            f"{entry.difference * scale.factor:g}",
            shown(entry.seeds),
            f"{shown(entry.low)} to {shown(entry.high)}",
        )
        for entry in needed
    )
    unit = f"difference in {scale.unit}" if scale.unit else "difference"
    return Table((unit, "seeds", "95%"), rows, frozenset())

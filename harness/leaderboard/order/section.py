"""An analysis of order as tables and lines, for a page and for a terminal."""

from collections.abc import Iterator, Sequence

from harness.leaderboard.notation import EMPTY, interval, p_value
from harness.leaderboard.order.agreement import Agreement
from harness.leaderboard.order.analysis import OrderAnalysis
from harness.leaderboard.order.effects import PlaceEffect
from harness.leaderboard.order.power import SeedsNeeded
from harness.leaderboard.order.summary import agreement_sentence
from harness.leaderboard.order.variance import VarianceShare
from harness.leaderboard.table import UNDECIDED, Table
from harness.leaderboard.target_metric import Scale

Titled = tuple[str, Table]


def analysis_tables(
    analysis: OrderAnalysis, scale: Scale, needed: Sequence[SeedsNeeded] | None = None
) -> Iterator[Titled]:
    """Yield the titles and tables of an analysis that have something in them.

    Args:
        analysis: The analysis.
        scale: Of the target's metric.
        needed: Seeds for other differences than the analysis has.
    """
    if analysis.variance:
        yield "Shares of the variance of scores", variance_table(analysis.variance, scale)
    for title, effects in (
        ("A before B, for the same tasks", analysis.before),
        ("The last task before the target, for the same tasks", analysis.last),
        ("Each position, for the same tasks", analysis.positions),
    ):
        if effects:
            yield title, effect_table(effects, scale)
    if analysis.power:
        title = "Seeds needed to tell two sequences apart with 80% power"
        yield title, power_table(needed or analysis.power.needed, scale)


def variance_table(shares: Sequence[VarianceShare], scale: Scale) -> Table:
    """Lay out the shares of variance."""
    rows = tuple((share.source, scale.value(share.sd), f"{share.share * 100:.1f}%") for share in shares)
    return Table(("source", "sd", "share"), rows, frozenset({"source"}))


def effect_table(effects: Sequence[PlaceEffect], scale: Scale) -> Table:
    """Lay out the effects of places."""
    headers = ("task", "place", "effect", "95% interval", "p", "p Holm", "apart", "sets")
    rows = tuple(
        (
            effect.task,
            effect.place,
            scale.difference(effect.difference),
            interval(effect.interval, scale, signed=True),
            p_value(effect.p),
            p_value(effect.p_holm),
            "yes" if effect.apart else f"{UNDECIDED} no",
            str(effect.sets),
        )
        for effect in effects
    )
    return Table(headers, rows, frozenset(headers[:2]))


def power_table(needed: Sequence[SeedsNeeded], scale: Scale) -> Table:
    """Lay out the seeds needed."""
    rows = tuple(
        (
            f"{entry.difference * scale.factor:g}",
            "over 1,000" if entry.seeds is None else str(entry.seeds),
        )
        for entry in needed
    )
    return Table((f"difference in {scale.unit}" if scale.unit else "difference", "seeds"), rows, frozenset())


def agreement_lines(agreements: Sequence[Agreement]) -> Iterator[str]:
    """Yield a line of a list for each comparison of rankings."""
    for agreement in agreements:
        yield f"- Between {agreement_sentence(agreement)}."


def test_line(analysis: OrderAnalysis) -> str:
    """Write the tests of no effect of order with their particulars."""
    test = analysis.test
    if test is None:
        return EMPTY
    how = "all relabellings" if test.exact else "9,999 relabellings drawn"
    line = (
        f"- Order labels permuted within seed ({test.orders} sequences, {how}): p {p_value(test.p)}; "
        f"the least possible is {p_value(test.smallest_p)}."
    )
    if test.f is None or test.f_degrees is None or test.f_p is None:
        return line
    return f"{line}\n- F({test.f_degrees[0]}, {test.f_degrees[1]}) = {test.f:.2f}: p {p_value(test.f_p)}."

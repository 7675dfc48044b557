"""What an analysis of order says, in plain sentences."""

from collections.abc import Iterator

from harness.leaderboard.contrast import ALPHA
from harness.leaderboard.notation import interval, p_value
from harness.leaderboard.order.agreement import Agreement
from harness.leaderboard.order.analysis import OrderAnalysis
from harness.leaderboard.order.effects import PlaceEffect
from harness.leaderboard.order.variance import ORDER, RUN
from harness.leaderboard.target_metric import Scale

_GOOD_AGREEMENT = 0.7
_LITTLE_AGREEMENT = 0.3


def summary(analysis: OrderAnalysis, scale: Scale) -> tuple[str, ...]:
    """Return the sentences: whether order matters, how much, what does, and what would be needed to know."""
    if analysis.sequences < 2:
        return ("Nothing can be analysed: fewer than two sequences are complete.",)
    if analysis.test is None:
        return (
            "Order cannot be analysed: no two complete sequences hold the same tasks in another order.",
            *_needed(analysis, scale),
        )
    return (
        *_verdict(analysis),
        *_shares(analysis, scale),
        *_effects(analysis, scale),
        *_needed(analysis, scale),
    )


def matters(analysis: OrderAnalysis) -> bool:
    """Whether a test of no effect at all rejects: the permutation test, or where it cannot, the F-test."""
    test = analysis.test
    if test is None:
        return False
    if test.smallest_p < ALPHA:
        return test.p < ALPHA
    return test.f_p is not None and test.f_p < ALPHA


def _verdict(analysis: OrderAnalysis) -> Iterator[str]:
    test = analysis.test
    assert test is not None
    answer = (
        "Order matters on these test items"
        if matters(analysis)
        else "No effect of order can be told from the scatter of training runs"
    )
    permutation = f"permutation test of the order labels within seed, p {p_value(test.p)}"
    parametric = "" if test.f_p is None else f"F-test, p {p_value(test.f_p)}"
    if test.smallest_p < ALPHA:
        yield f"{answer} ({'; '.join(filter(None, (permutation, parametric)))})."
    elif test.f_p is None:
        yield (
            f"{answer}: with one seed it is not known how much training runs scatter, so nothing is tested."
        )
    else:
        yield f"{answer} ({parametric})."
        yield (
            f"So few seeds and orders leave the permutation test nothing under p {p_value(test.smallest_p)}; "
            "the F-test takes training runs as normally distributed."
        )


def _shares(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    shares = {share.source: share for share in analysis.variance}
    if ORDER in shares and RUN in shares:
        order, run = shares[ORDER], shares[RUN]
        yield (
            f"Of the variance of scores, {order.share:.0%} is order (sd {_amount(order.sd, scale)}) and "
            f"{run.share:.0%} the training run (sd {scale.value(run.sd)})."
        )


def _effects(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    for effects, kind in ((analysis.before, "A before B"), (analysis.last, "which task is last")):
        apart = sorted((e for e in effects if e.apart), key=lambda e: -abs(e.difference))
        if apart:
            others = "" if len(apart) == 1 else f"; {len(apart)} effects of its kind are apart"
            yield f"{_effect(apart[0], scale)}{others}."
        elif effects:
            count = "the one effect is" if len(effects) == 1 else f"none of {len(effects)} effects is"
            untold = "not told from chance" if len(effects) == 1 else "told from chance"
            yield f"Of {kind}, {count} {untold}."


def _effect(effect: PlaceEffect, scale: Scale) -> str:
    other = "after it" if effect.place.startswith("before") else "elsewhere"
    return (
        f"{effect.task} {effect.place} rather than {other}: {scale.with_unit(effect.difference)}, "
        f"95% {interval(effect.interval, scale, signed=True)}, p {p_value(effect.p_holm)}"
    )


def _amount(size: float, scale: Scale) -> str:
    return f"{scale.value(size)} {scale.unit}".rstrip()


def _needed(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    power = analysis.power
    if power is None:
        return
    point = next(entry for entry in power.needed if entry.difference == 0.01)
    seeds = "more than 1,000" if point.seeds is None else str(point.seeds)
    one = "one point" if scale.factor == 1 / point.difference else _amount(point.difference, scale)
    yield (
        f"The {analysis.seeds} seeds detect a difference of {_amount(power.detectable, scale)} between two "
        f"sequences with 80% power, before correction for several pairs; {one} needs {seeds} seeds."
    )


def agreement_sentence(agreement: Agreement) -> str:
    """Say how alike the raters rank."""
    if agreement.tau is None:
        how = "no ranking to compare, all are tied"
    elif agreement.tau >= _GOOD_AGREEMENT:
        how = "the rankings agree"
    elif agreement.tau <= _LITTLE_AGREEMENT:
        how = "the rankings hardly agree"
    else:
        how = "the rankings agree in part"
    tau = "" if agreement.tau is None else f", mean Kendall's tau {agreement.tau:.2f}"
    w = "" if agreement.w is None else f", W {agreement.w:.2f}"
    return f"{agreement.between} ({agreement.raters}, {agreement.ranked} sequences ranked): {how}{tau}{w}"

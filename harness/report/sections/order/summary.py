"""The sentences on an analysis of order beyond the finding; all of it exploratory."""

from collections.abc import Iterator

from harness.report.notation import interval, p_value
from harness.report.sections.order.analysis import OrderAnalysis
from harness.report.sections.scores.statistics import TargetStatistics
from harness.results.target_metric import Scale
from harness.statistics.place_effects import PlaceEffect, PlaceEffects


def summary(analysis: OrderAnalysis, table: TargetStatistics) -> tuple[str, ...]:
    """Return the sentences: how runs are related, what order explains, and what more would take."""
    scale = table.metrics[0].scale
    if analysis.sequences < 2:
        return ("Order is not analyzed: fewer than two sequences are complete.",)
    return (
        *_related(analysis),
        *_scatter(analysis),
        *_share(analysis, scale),
        *_effects(analysis, scale),
        *_needed(analysis, scale),
    )


def _related(analysis: OrderAnalysis) -> Iterator[str]:
    groups = [group for group in analysis.shared_stages if group.depth == 1]
    if not groups:
        yield "No two sequences share a trained stage."
        return
    rows = sum(len(group.sequences) for group in groups)
    shared = analysis.shared
    share = (
        f", estimated to carry {shared.share:.0%} of a run's variance (95% CI [{shared.low:.0%}, "
        f"{shared.high:.0%}])"
        if shared
        else ""
    )
    yield (
        f"{rows} of {analysis.sequences} sequences share their first stage with others{share}; all tests "
        "account for that correlation."
    )


def _scatter(analysis: OrderAnalysis) -> Iterator[str]:
    if not analysis.pooled and analysis.heterogeneity:
        found = analysis.heterogeneity
        ratio = "" if found.ratio is None else f" (variances up to {found.ratio:,.0f} times as large"
        p = "" if found.p is None else f"{'; ' if ratio else ' ('}p {p_value(found.p)} for equal ones"
        yield f"Variances differ between rows{ratio}{p}{')' if ratio or p else ''} or runs collapsed, so " + (
            "they are pooled only within compared sets, and each other row has a moderated variance."
            if analysis.collapse
            else "each row has a moderated variance, and a compared set with a larger one has its own."
        )
    test = analysis.collapse
    if test is not None:
        p = "" if test.p is None else f", whose rates differ between rows with p {p_value(test.p)}"
        yield f"{test.collapsed} of {test.runs} runs collapsed{p}."


def _share(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    share = analysis.share
    if share is not None:
        low, high = share.interval.low, share.interval.high
        yield (
            f"Of the variance between runs of the same tasks, {share.share:.0%} is order (95% CI [{low:.0%}, "
            f"{high:.0%}]; sd {_amount(share.order_sd, scale)}, of a training run "
            f"{_amount(share.run_sd, scale)})."
        )


def _effects(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    for effects, kind in ((analysis.before, "A before B"), (analysis.last, "which task is last")):
        if effects is None or not effects.effects or effects.effects[0].effect.p_adjusted is None:
            continue
        found = [effect for effect in effects.effects if effect.effect.significant]
        if found:
            largest = max(found, key=lambda effect: abs(effect.effect.difference))
            yield (
                f"Exploratory: {_effect(largest, scale)} ({_count(effects)} for {kind}, {len(found)} "
                "significant)."
            )
        else:
            yield f"Exploratory: of {_count(effects)} for {kind}, none is significant."


def _count(effects: PlaceEffects) -> str:
    distinct = len(effects.effects)
    named = "" if effects.names == distinct else f" (of {effects.names} names)"
    return f"{distinct} distinct effect{'' if distinct == 1 else 's'}{named}"


def effect_names(effect: PlaceEffect) -> str:
    """Name an effect by all the places that the design confounds."""
    return " = ".join(
        f"{'not ' if place.reverse else ''}{place.task} {place.place}" for place in effect.places
    )


def _effect(effect: PlaceEffect, scale: Scale) -> str:
    found = effect.effect
    ends = "" if found.interval is None else f", 95% CI {interval(found.interval, scale, signed=True)}"
    return (
        f"{effect_names(effect)}: {scale.with_unit(found.difference)}{ends}, "
        f"adjusted p {p_value(found.p_adjusted)}"
    )


def _amount(size: float, scale: Scale) -> str:
    return f"{scale.value(size)} {scale.unit}".rstrip()


def _needed(analysis: OrderAnalysis, scale: Scale) -> Iterator[str]:
    power = analysis.power
    if power is None:
        return
    low, high = (scale.value(end) for end in (power.detectable_interval.low, power.detectable_interval.high))
    if scale.value(power.detectable) == scale.value(0.0):
        yield f"The {analysis.seeds} seeds gave the same scores, so nothing can be said of power."
        return
    compared = "one comparison" if power.comparisons == 1 else f"{power.comparisons:,} comparisons"
    yield (
        f"With 80% power the {analysis.seeds} seeds detect a difference of "
        f"{_amount(power.detectable, scale)} between two sequences, corrected for {compared} (95% CI [{low}, "
        f"{high}], because the variance is estimated)."
    )

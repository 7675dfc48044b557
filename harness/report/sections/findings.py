"""What a table shows and what it does not, in plain sentences."""

from collections.abc import Iterator, Sequence

from harness.frozen_model import FrozenModel
from harness.report.blocks import Block, Callout, Paragraph
from harness.report.notation import interval, p_value
from harness.report.publication import Publication
from harness.report.section import Results, TargetSection
from harness.report.sections.collapses import COLLAPSES, Collapse
from harness.report.sections.data import other_sets
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.sections.tested import PrimaryContrast
from harness.results.board import Board
from harness.results.target_metric import Scale, TargetMetric
from harness.statistics.arrays import ALPHA
from harness.statistics.verdict import Effect


class Finding(FrozenModel):
    """What one target's table shows, and what it does not.

    Attributes:
        answer: What was compared, the effect, its interval and adjusted p-value; the primary answer first.
        limits: What keeps the answer from being general.
    """

    answer: tuple[str, ...]
    limits: tuple[str, ...]


def finding(
    board: Board, target: str, statistics: TargetStatistics, collapsed: Sequence[Collapse]
) -> Finding:
    """Write the sentences on one target, the answer on order first.

    Args:
        board: What was run.
        target: The target.
        statistics: Its numbers.
        collapsed: Its runs that did not learn.
    """
    # Without item scores no average is shrunken.
    intervals = any(row.shrunken is not None for row in statistics.rows)
    complete = [row for row in statistics.rows if row.average is not None]
    if not complete:
        answer = ["No conclusion: no sequence has a score for every seed and language."]
    elif not intervals:
        answer = [
            _best(complete[0], statistics.metrics[0]),
            "No difference is tested, because the item scores are missing.",
        ]
    elif len(board.seeds) == 1:
        answer = [_one_seed(statistics)]
    else:
        answer = list(_primary(board, statistics, complete))
    limits = (*_not_learned(board, target, collapsed), *_limits(board, target, statistics))
    return Finding(answer=tuple(answer), limits=limits)


def _not_learned(board: Board, target: str, collapsed: Sequence[Collapse]) -> list[str]:
    runs = {(run.sequence, run.seed) for run in collapsed}
    if not runs:
        return []
    every = len(board.rows_of(target)) * len(board.seeds)
    return [
        f"{len(runs)} of {every} runs did not learn (one prediction for every item, a score at chance, or "
        "a rising loss). They count like the others; their rows have no intervals."
    ]


def _best(row: RowStatistics, metric: TargetMetric) -> str:
    mean = metric.scale.value(row.average.mean) if row.average else ""
    return f"The {'highest' if metric.higher_is_better else 'lowest'} average is {mean} ({row.sequence})."


def _one_seed(statistics: TargetStatistics) -> str:
    """Say what one seed cannot show, and what it does: how these very runs differ."""
    answer = "Not testable with one seed: the variance between training runs is unknown."
    if not statistics.comparisons:
        return answer
    pair, scale = statistics.comparisons[0], statistics.metrics[0].scale
    significant = "significant" if pair.effect.p < ALPHA else "not significant"
    return (
        f"{answer} Between these runs the largest difference of orders is {pair.first} minus {pair.second}: "
        f"{scale.with_unit(pair.effect.difference)}, on other test items {significant} "
        f"(unadjusted p {p_value(pair.effect.p)})."
    )


def _primary(board: Board, statistics: TargetStatistics, complete: list[RowStatistics]) -> Iterator[str]:
    """Answer the primary contrasts of the sequence file, then what is exploratory and stands in the table."""
    declared = board.analysis.contrasts
    exploratory = [] if "order" in declared else [_order(board, statistics)]
    if "order" in declared:
        yield _order(board, statistics)
    for contrast in statistics.primary:
        yield _named(contrast, statistics.metrics[0].scale)
    baseline = list(_against_baseline(statistics, complete))
    if "baseline" in declared:
        yield from baseline
    else:
        exploratory += baseline
    for sentence in exploratory:
        yield f"Exploratory: {sentence[0].lower()}{sentence[1:]}"
    if statistics.exploratory:
        yield (
            "The whole page is exploratory: seeds were added after a look at all planned ones, which the "
            "p-values do not account for."
        )


def _order(board: Board, statistics: TargetStatistics) -> str:
    """Answer the project's question by the omnibus test, then with the pair of the largest difference."""
    metric, order = statistics.metrics[0], statistics.order
    if order is None:
        return "Order is not compared: no two complete sequences have the same tasks in another order."
    pair = next((own for own in statistics.comparisons if own.effect.significant), statistics.comparisons[0])
    pairs = "1 pair" if order.compared == 1 else f"{order.compared:,} pairs"
    compared = f"{pairs} of sequences with the same tasks in another order, {len(board.seeds)} seeds"
    effect = f"effect on the average {metric.noun} ({compared}; adjusted p {p_value(order.p)})"
    differ = f"; {order.significant:,} of {pairs} differ significantly" if order.compared > 1 else ""
    margin = f"{board.analysis.equivalence_margin:g} {metric.scale.unit}".rstrip()
    answer = {
        "significant": f"Order has a significant {effect}{differ}.",
        "equivalent": f"Order has no significant {effect}; all pairs are equivalent within ±{margin}.",
        "not significant": f"Order has no significant {effect}.",
        "not testable": (
            f"The effect of order on the average {metric.noun} is not testable ({compared}): with "
            "collapsed runs and so few seeds and orders, no test free of distributional assumptions could "
            "reject."
        ),
    }[order.verdict]
    largest = f"{pair.first} minus {pair.second}, {_effect(pair.effect, metric.scale)}"
    return f"{answer} Largest difference: {largest}"


def _named(contrast: PrimaryContrast, scale: Scale) -> str:
    if contrast.effect is None:
        return f"{contrast.name} is not testable: no complete sequences contain it."
    return f"{contrast.name}: {_effect(contrast.effect, scale)}"


def _effect(effect: Effect, scale: Scale) -> str:
    """Write a difference with its interval and verdict, and what is not excluded."""
    ends = (
        "no interval because a run collapsed"
        if effect.interval is None
        else f"95% CI {interval(effect.interval, scale, signed=True)}"
    )
    beyond = (
        f" Differences of up to {scale.with_unit(effect.interval.farthest).lstrip('+')} are not excluded."
        if effect.interval and not effect.significant
        else ""
    )
    return (
        f"{scale.with_unit(effect.difference)} ({ends}, adjusted p {p_value(effect.p_adjusted)}, "
        f"{effect.verdict}).{beyond}"
    )


def _against_baseline(statistics: TargetStatistics, complete: list[RowStatistics]) -> Iterator[str]:
    baseline, metric = statistics.baseline, statistics.metrics[0]
    rows = [row for row in complete if not row.baseline]
    if not rows:
        return
    if baseline is None or baseline.average is None:
        yield "No complete target-only row to compare with."
        return
    found = [row.effect for row in rows if row.effect]
    above, below = (
        sum(effect.significant and sign * effect.difference > 0 for effect in found) for sign in (1, -1)
    )
    equivalent = sum(effect.verdict == "equivalent" for effect in found)
    counts = [f"{n} significantly {side}" for n, side in zip((above, below), _sides(metric), strict=True)]
    counts += [f"{equivalent} equivalent"] if equivalent else []
    rest = len(rows) - above - below - equivalent
    noun = "sequence" if len(rows) == 1 else "sequences"
    yield (
        f"{len(rows)} {noun} with intermediate tasks against target-only training: {', '.join(counts)}, "
        f"{rest} not significantly different (simultaneous 95% CIs)."
    )


def _sides(metric: TargetMetric) -> tuple[str, str]:
    """Name what is above and below target-only; where lower is better, that is said."""
    return ("above", "below") if metric.higher_is_better else ("above (worse than)", "below (better than)")


def _limits(board: Board, target: str, statistics: TargetStatistics) -> list[str]:
    limits = []
    incomplete = sum(row.average is None for row in statistics.rows)
    if incomplete and incomplete < len(statistics.rows):
        noun = "sequence has" if incomplete == 1 else "sequences have"
        limits.append(
            f"{incomplete} {noun} no average: a run failed or was not made, or a language is missing."
        )
    sets = other_sets(board, target)
    unlike = [f"{use.name} ({rows:,}, not {expected:,})" for use, rows, expected in sets]
    if unlike:
        limits.append(f"Trained on other rows than the published training sets: {', '.join(unlike)}.")
    if board.provenance.limited is not None:
        limits.append(
            f"Only the first {board.provenance.limited} items per task were scored: a trial, not a result."
        )
    return limits


class FindingsSection(TargetSection[Finding]):
    """Says in sentences what a target's table shows."""

    name, place, model, brief = "findings", 100, Finding, True

    def compute(self, results: Results, target: str) -> Finding | None:
        """Write the sentences."""
        table, collapsed = results.of(SCORES, target), results.of(COLLAPSES, target)
        if table is None:
            return None
        runs = collapsed.runs if collapsed else ()
        return finding(results.board, target, table, runs)

    def blocks(self, data: Finding, publication: Publication, target: str) -> Iterator[Block]:
        """Yield the answer as a paragraph, its limits as a list."""
        yield Paragraph(" ".join(data.answer), "Finding")
        if data.limits:
            yield Callout("**Limits of this finding**", data.limits)


FINDINGS = FindingsSection()

"""What a table shows and what it does not, in plain sentences."""

from collections.abc import Iterator, Sequence

from harness.frozen_model import FrozenModel
from harness.report.blocks import Block, Paragraph
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
    """The sentences on one target."""

    sentences: tuple[str, ...]


def finding(
    board: Board, target: str, statistics: TargetStatistics, collapsed: Sequence[Collapse]
) -> tuple[str, ...]:
    """Write the sentences on one target, the answer on order first.

    Args:
        board: What was run.
        target: The target.
        statistics: Its numbers.
        collapsed: Its runs that did not learn.
    """
    # Without item scores nothing is drawn towards the average of the rows.
    intervals = any(row.shrunken is not None for row in statistics.rows)
    complete = [row for row in statistics.rows if row.average is not None]
    if not complete:
        answer = ["Nothing can be said: no sequence has a score for every seed and language."]
    elif not intervals:
        answer = [
            _best(complete[0], statistics.metrics[0]),
            "Without the scores of single items no difference is tested.",
        ]
    elif len(board.seeds) == 1:
        answer = [_one_seed(statistics)]
    else:
        answer = list(_primary(board, statistics, complete))
    cautions = _cautions(board, statistics, intervals=intervals and bool(complete))
    return (*answer, *_not_learned(board, target, collapsed), *cautions)


def _not_learned(board: Board, target: str, collapsed: Sequence[Collapse]) -> list[str]:
    runs = {(run.sequence, run.seed) for run in collapsed}
    if not runs:
        return []
    every = len(board.rows_of(target)) * len(board.seeds)
    return [
        f"{len(runs)} of {every} runs did not learn (one prediction for every item, a score at chance, or "
        "a rising loss); they count like the others, and their rows have no intervals."
    ]


def _best(row: RowStatistics, metric: TargetMetric) -> str:
    mean = metric.scale.value(row.average.mean) if row.average else ""
    return f"The {'highest' if metric.higher_is_better else 'lowest'} average is {mean} ({row.sequence})."


def _one_seed(statistics: TargetStatistics) -> str:
    """Say what one seed does not tell, and what it does: how these very runs differ."""
    answer = "With one seed order is not testable: how much another training run would differ is not known."
    if not statistics.comparisons:
        return answer
    pair, scale = statistics.comparisons[0], statistics.metrics[0].scale
    differ = "differ" if pair.effect.p < ALPHA else "do not differ significantly"
    return (
        f"{answer} Of these very runs the largest difference between orders of the same tasks is "
        f"{scale.with_unit(pair.effect.difference)} ({pair.first} against {pair.second}); on other test "
        f"items the two "
        f"{differ} (p {p_value(pair.effect.p)} for this pair by itself)."
    )


def _primary(board: Board, statistics: TargetStatistics, complete: list[RowStatistics]) -> Iterator[str]:
    """Answer the primary contrasts of the sequence file, then what is exploratory and stands in the table."""
    declared = board.analysis.contrasts
    exploratory = [] if "order" in declared else [_order(statistics)]
    if "order" in declared:
        yield _order(statistics)
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
            "Seeds were added after a look at all planned ones: the whole page is exploratory, its "
            "p-values do not "
            "hold for a decision made by looking."
        )


def _order(statistics: TargetStatistics) -> str:
    """Answer the project's question by the omnibus test; pairs follow only where it rejects."""
    scale, order = statistics.metrics[0].scale, statistics.order
    if order is None:
        return "Order is not compared: no two complete sequences hold the same tasks in another order."
    what = "sequences with the same tasks in another order"
    pair = next((own for own in statistics.comparisons if own.effect.significant), statistics.comparisons[0])
    largest = f"{pair.first} against {pair.second}: {_effect(pair.effect, scale)}"
    test = f"adjusted p {p_value(order.p)}"
    if order.verdict == "not testable":
        return (
            "Order is not testable: runs collapsed, and with so few seeds and orders no test without a "
            f"distribution of theirs could reject ({largest})."
        )
    if order.verdict == "significant":
        pairs = (
            "the one pair" if order.compared == 1 else f"{order.significant:,} of {order.compared:,} pairs"
        )
        return f"Order is significant ({test}); of {what}, {pairs} differ significantly ({largest})."
    if order.verdict == "equivalent":
        return (
            f"Order is not significant ({test}), and all {what} are equivalent within the margin ({largest})."
        )
    return f"Order is not significant ({test}). The largest difference between {what}: {largest}."


def _named(contrast: PrimaryContrast, scale: Scale) -> str:
    if contrast.effect is None:
        return f"{contrast.name} is not testable: no complete sequences hold it."
    return f"{contrast.name}: {_effect(contrast.effect, scale)}."


def _effect(effect: Effect, scale: Scale) -> str:
    """Write a difference with its interval and verdict, and what it does not exclude."""
    ends = (
        "no interval, as a run collapsed"
        if effect.interval is None
        else f"95% {interval(effect.interval, scale, signed=True)}"
    )
    beyond = (
        f"; not excluded: up to {scale.with_unit(effect.interval.farthest).lstrip('+')}"
        if effect.interval and not effect.significant
        else ""
    )
    return (
        f"{scale.with_unit(effect.difference)}, {ends}, adjusted p {p_value(effect.p_adjusted)}, "
        f"{effect.verdict}{beyond}"
    )


def _against_baseline(statistics: TargetStatistics, complete: list[RowStatistics]) -> Iterator[str]:
    baseline, metric = statistics.baseline, statistics.metrics[0]
    rows = [row for row in complete if not row.baseline]
    if not rows:
        return
    if baseline is None or baseline.average is None:
        yield "There is no complete target-only row to compare with."
        return
    found = [row.effect for row in rows if row.effect]
    above, below = (
        sum(effect.significant and sign * effect.difference > 0 for effect in found) for sign in (1, -1)
    )
    equivalent = sum(effect.verdict == "equivalent" for effect in found)
    parts = [
        f"{count} {'is' if count == 1 else 'are'} significantly {where} target-only training"
        for count, where in zip((above, below), _sides(metric), strict=True)
        if count
    ]
    if equivalent:
        parts.append(f"{equivalent} {'is' if equivalent == 1 else 'are'} equivalent to it within the margin")
    rest = len(rows) - above - below - equivalent
    if rest:
        parts.append(f"{rest} {'does' if rest == 1 else 'do'} not differ from it significantly")
    noun = "sequence" if len(rows) == 1 else "sequences"
    yield f"Of {len(rows)} {noun} with intermediate tasks, {', '.join(parts)} (intervals hold together)."


def _sides(metric: TargetMetric) -> tuple[str, str]:
    """Name what is above and below target-only; where lower is better, that is said."""
    return ("above", "below") if metric.higher_is_better else ("above (worse than)", "below (better than)")


def _cautions(board: Board, statistics: TargetStatistics, *, intervals: bool) -> list[str]:
    cautions = []
    incomplete = sum(row.average is None for row in statistics.rows)
    if incomplete and incomplete < len(statistics.rows):
        noun = "sequence has" if incomplete == 1 else "sequences have"
        cautions.append(
            f"{incomplete} {noun} no average, because a run failed or was not made, or a language is missing."
        )
    unlike = [f"{use.name} ({rows:,}, not {expected:,})" for use, rows, expected in other_sets(board)]
    if unlike:
        cautions.append(f"Trained on other rows than the published training sets: {', '.join(unlike)}.")
    if board.provenance.limited is not None:
        cautions.append("Only the first items of each task were scored: a trial, not a result.")
    return cautions


class FindingsSection(TargetSection[Finding]):
    """Says in sentences what a target's table shows."""

    name, place, model, brief = "findings", 100, Finding, True

    def compute(self, results: Results, target: str) -> Finding | None:
        """Write the sentences."""
        table, collapsed = results.of(SCORES, target), results.of(COLLAPSES, target)
        if table is None:
            return None
        runs = collapsed.runs if collapsed else ()
        return Finding(sentences=finding(results.board, target, table, runs))

    def blocks(self, data: Finding, publication: Publication, target: str) -> Iterator[Block]:
        """Yield them as a paragraph."""
        yield Paragraph(" ".join(data.sentences), "Finding")


FINDINGS = FindingsSection()

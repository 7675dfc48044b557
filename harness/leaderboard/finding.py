"""What a table shows and what it does not, in plain sentences."""

from collections.abc import Sequence

from harness.leaderboard.board import Board
from harness.leaderboard.collapse import Collapse
from harness.leaderboard.data_section import other_sets
from harness.leaderboard.notation import interval, p_value
from harness.leaderboard.statistics import RowStatistics, TargetStatistics
from harness.leaderboard.target_metric import TargetMetric


def finding(
    board: Board, statistics: TargetStatistics, collapsed: Sequence[Collapse] = (), *, intervals: bool
) -> tuple[str, ...]:
    """Write the sentences on one target, the answer on order first.

    Args:
        board: What was run.
        statistics: The target's numbers.
        collapsed: The runs that did not learn, of all targets.
        intervals: Whether per-item predictions were at hand, so that there are intervals.
    """
    complete = [row for row in statistics.rows if row.average is not None]
    if not complete:
        answer = ["Nothing can be said: no sequence has a score for every seed and language."]
    elif not intervals:
        answer = [
            _best(complete[0], statistics.metrics[0]),
            "There are no intervals, so none of the differences can be told from chance.",
        ]
    else:
        answer = [_order(statistics), *_against_baseline(statistics, complete)]
    cautions = _cautions(board, statistics, intervals=intervals and bool(complete))
    return (*answer, *_not_learnt(board, statistics, collapsed), *cautions)


def _not_learnt(board: Board, statistics: TargetStatistics, collapsed: Sequence[Collapse]) -> list[str]:
    runs = {(run.sequence, run.seed) for run in collapsed if run.target == statistics.target}
    if not runs:
        return []
    every = len(board.rows_of(statistics.target)) * len(board.seeds)
    return [
        f"{len(runs)} of {every} runs did not learn (one prediction for every item, a score at chance, or "
        "a rising loss); they count like the others."
    ]


def _best(row: RowStatistics, metric: TargetMetric) -> str:
    mean = metric.scale.value(row.average.mean) if row.average else ""
    return f"The {'highest' if metric.higher_is_better else 'lowest'} average is {mean} ({row.sequence})."


def _order(statistics: TargetStatistics) -> str:
    """Answer the project's question from the pairs, which stand with the largest difference first."""
    scale = statistics.metrics[0].scale
    pairs, count = statistics.comparisons, statistics.orders_compared
    if not pairs:
        return "Order is not compared: no two complete sequences hold the same tasks in another order."
    apart = [pair for pair in pairs if pair.apart]
    shown = apart[0] if apart else pairs[0]
    corrected = " after Holm's correction" if count > 1 else ""
    difference = (
        f"{shown.first} against {shown.second}: {scale.with_unit(shown.difference)}, "
        f"95% {interval(shown.interval, scale, signed=True)}, p {p_value(shown.p_holm)}{corrected}"
    )
    what = "sequences with the same tasks in another order"
    if not apart:
        which = f"the one pair of {what} is" if count == 1 else f"the {count:,} pairs of {what} are"
        largest = "" if count == 1 else "the largest difference, "
        return f"No effect of order can be told from chance: {which} not apart ({largest}{difference})."
    which = "the one pair" if count == 1 else f"{statistics.orders_apart:,} of {count:,} pairs"
    largest = "" if count == 1 else "; the largest difference"
    return f"Order makes a difference for {which} of {what}{largest}: {difference}."


def _against_baseline(statistics: TargetStatistics, complete: list[RowStatistics]) -> list[str]:
    baseline = statistics.baseline
    rows = [row for row in complete if not row.baseline]
    if not rows:
        return []
    if baseline is None or baseline.average is None:
        return ["There is no complete target-only row to compare with."]
    decided = [(row, row.delta.mean) for row in rows if not row.undecided and row.delta]
    above = [row for row, delta in decided if delta > 0]
    below = [row for row, delta in decided if delta < 0]
    undecided = len(rows) - len(above) - len(below)
    if not above and not below:
        one = "The one sequence" if len(rows) == 1 else f"None of the {len(rows)} sequences"
        verdict = "cannot" if len(rows) == 1 else "can"
        return [f"{one} with intermediate tasks {verdict} be told apart from target-only training."]
    parts = [
        f"{len(chosen)} {'scores' if len(chosen) == 1 else 'score'} {where} target-only training"
        for chosen, where in zip((above, below), _sides(statistics.metrics[0]), strict=True)
        if chosen
    ]
    if undecided:
        parts.append(f"{undecided} cannot be told apart from it")
    noun = "sequence" if len(rows) == 1 else "sequences"
    return [f"Of {len(rows)} {noun} with intermediate tasks, {', '.join(parts)}."]


def _sides(metric: TargetMetric) -> tuple[str, str]:
    """Name what is above and below target-only; where lower is better, that is said."""
    return ("above", "below") if metric.higher_is_better else ("above (worse than)", "below (better than)")


def _cautions(board: Board, statistics: TargetStatistics, *, intervals: bool) -> list[str]:
    cautions = []
    if intervals and len(board.seeds) == 1:
        cautions.append(
            "With one seed the intervals hold the choice of test items only: how much another training run "
            "would differ is not known, so even differences that look certain may be noise."
        )
    if intervals and len(statistics.comparisons) + len(statistics.rows) > 2:
        cautions.append(
            "Each interval is taken by itself: about one in twenty leaves out zero by chance; "
            "ranks and p-values of pairs are corrected."
        )
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

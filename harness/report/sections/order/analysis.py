"""What a leaderboard says about order beyond the test itself, target by target."""

import numpy as np

from harness.frozen_model import FrozenModel
from harness.report.sections.tested import TestedTable
from harness.results.averages import complete_scores
from harness.results.board import Board
from harness.statistics.agreement import Agreement, agreement
from harness.statistics.arrays import DECIMALS
from harness.statistics.collapse import CollapseTest, collapse_test
from harness.statistics.contrast import Contrasts
from harness.statistics.covariance import RowCovariance, SharedVariance
from harness.statistics.heterogeneity import Heterogeneity
from harness.statistics.place_effects import (
    PlaceEffects,
    before_cases,
    last_cases,
    place_effects,
    position_cases,
)
from harness.statistics.power import SeedPower, seed_power
from harness.statistics.shares import OrderShare, order_share
from harness.statistics.verdict import Family


class SharedStages(FrozenModel):
    """Sequences of one seed that have their first stages in common."""

    depth: int
    sequences: tuple[str, ...]


class OrderAnalysis(FrozenModel):
    """Order as a factor in one target's table, over its tested rows; all of it exploratory.

    Attributes:
        sequences: How many rows.
        shared_stages: Which rows begin with the same trained stages.
        shared: The share of a run's variance that lies in them.
        heterogeneity: Whether rows scatter alike; None without rows.
        pooled: Whether their scatter is pooled.
        share: The share of order in what order could explain.
        before: A before B.
        last: Each task as the last before the target.
        positions: Each task at each position of three or more.
        agreement: Of the rankings by language and by halves of the seeds.
        power: Seeds needed; None with one seed.
        collapse: Whether some rows collapse more often than others; None where no run did.
    """

    sequences: int
    seeds: int
    shared_stages: tuple[SharedStages, ...] = ()
    shared: SharedVariance | None = None
    heterogeneity: Heterogeneity | None = None
    pooled: bool = True
    share: OrderShare | None = None
    before: PlaceEffects | None = None
    last: PlaceEffects | None = None
    positions: PlaceEffects | None = None
    agreement: tuple[Agreement, ...] = ()
    power: SeedPower | None = None
    collapse: CollapseTest | None = None


def analyze_target(board: Board, target: str, tested: TestedTable | None) -> OrderAnalysis:
    """Analyze one target; without tested rows there is nothing but their number."""
    scores = complete_scores(board, target)
    if tested is None:
        return OrderAnalysis(sequences=len(scores), seeds=len(board.seeds))
    result, orders, sets = tested.result, tested.orders, tested.sets
    family = Family(margin=tested.margin, simultaneous=False)
    affected = np.asarray(tested.collapsed.any(axis=1), np.bool_)
    before, last, positions = (
        place_effects(orders, cases, result.exploratory, family, affected)
        for cases in (before_cases(orders), last_cases(orders), position_cases(orders))
    )
    tree = tested.contrasts.tree
    found = (
        agreement("languages", scores, sets, tree) if scores.shape[2] > 1 else None,
        agreement("halves of the seeds", scores.mean(axis=2, keepdims=True), sets, tree),
    )
    compared = _compared(tested)
    return OrderAnalysis(
        sequences=len(orders),
        seeds=len(board.seeds),
        shared_stages=tuple(
            SharedStages(depth=group.depth, sequences=tuple(tested.sequences[row] for row in group.rows))
            for group in tree.shared
        ),
        shared=result.shared,
        heterogeneity=result.heterogeneity,
        pooled=result.pooled,
        share=order_share(
            compared, sets if compared is tested.contrasts else [tuple(range(len(compared.means)))]
        ),
        before=before,
        last=last,
        positions=positions,
        agreement=tuple(one for one in found if one),
        power=_power(compared, len(result.pairs)),
        collapse=collapse_test(tested.collapsed, tree) if tested.collapsed.any() else None,
    )


def _compared(tested: TestedTable) -> Contrasts:
    """Return the contrasts whose scatter is that of compared orders: of all rows or the largest set."""
    if tested.result.pooled or not tested.sets:
        return tested.contrasts
    return tested.contrasts.within(max(tested.sets, key=len))


def _power(contrasts: Contrasts, comparisons: int) -> SeedPower | None:
    covariance = contrasts.covariance
    if not isinstance(covariance, RowCovariance) or covariance.components.sum() <= 0:
        return None
    rows = len(contrasts.means)
    # Two rows that share no stage, among rows of one variance: a pair of average item variance.
    scatter = covariance.quadratic(np.eye(rows) - 1 / rows)
    items = np.diag(contrasts.covariances_of_items(np.eye(rows) - 1 / rows)).mean() * 2 * rows / (rows - 1)
    run = float(np.trace(covariance.matrix)) / rows
    degrees = min(scatter.degrees, float((rows - 1) * (covariance.seeds - 1)))
    return seed_power(
        float(np.sqrt(2 * run)),
        degrees,
        covariance.seeds,
        round(float(items), DECIMALS + 6),
        max(1, comparisons),
    )

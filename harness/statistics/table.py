"""One table of rows × seeds: what of it is significant, by one gate.

The primary question is order. Scatter is pooled over all rows where they scatter alike and no run collapsed.
Then four fifths of the level go to the pairs of the same tasks, by the distribution of the largest |t| of
them all (Hothorn, Bretz & Westfall 2008), which finds single orders that differ, and one fifth to the tests
of all orders of a set at once (`order_test`, Holm over sets), which find many small differences (a weighted
Bonferroni test). Otherwise the tests of sets come first, by the scatter of the compared set alone, and pairs
are never below their p-value; everything else has a moderated variance of each row. Order is significant if
any of it is. Differences to the baseline are a family of their own with simultaneous intervals (Dunnett
1955). Whatever else is compared is exploratory: Holm's correction within its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from harness.statistics.arrays import ALPHA, CONFIDENCE, DECIMALS, Booleans, Floats, Indices
from harness.statistics.contrast import Contrasts, pair_weights
from harness.statistics.covariance import SharedVariance, shared_variance
from harness.statistics.heterogeneity import Heterogeneity, heterogeneity, moderated_variances
from harness.statistics.multiplicity import holm
from harness.statistics.order_test import SetTest, order_tests
from harness.statistics.ranks import rank_sets, shrunken
from harness.statistics.verdict import Effect, Family, Interval, judge

_PAIRS_AT_ONCE = 20_000
# Of the level, where both pairs and all orders at once are tested.
PAIRS_SHARE = 0.8


@dataclass(frozen=True)
class Runs:
    """What is asked of a table.

    Attributes:
        contrasts: Of its rows.
        sets: The rows that hold the same tasks, at least two in each set.
        baseline: The row without intermediate tasks, if any.
        collapsed: Runs that did not learn, (rows, seeds).
        margin: Differences below it count as equivalent, a fraction.
        factor: By how many primary tests, and what looks at earlier results cost, primary p-values are
            multiplied.
        baseline_factor: The same for differences to the baseline.
        sign: −1 where a lower score is a better one.
    """

    contrasts: Contrasts
    sets: tuple[tuple[int, ...], ...]
    baseline: int | None
    collapsed: Booleans
    margin: float
    factor: float = 1.0
    baseline_factor: float = 1.0
    sign: int = 1


@dataclass(frozen=True)
class TableResult:
    """What a table shows; rows by number.

    Attributes:
        averages: The 95% interval of each row's average; None where a run collapsed.
        shrunken: Averages drawn toward their mean.
        heterogeneity: Whether rows scatter alike.
        pooled: Whether their scatter is pooled.
        shared: The share of variance in shared stages; None where there are none.
        order_tests: Of each set.
        order_p: The p-value of "no order matters", corrected for the page's tests; None: not testable.
        pairs: Both rows of each pair of the same tasks, the better first, and what it shows; largest
            difference first.
        deltas: Row -> its difference to the baseline.
        significant: Which rows differ significantly, (rows, rows): pairs of the same tasks by `pairs`, the
            others by Holm's correction over them.
        p_adjusted: The corrected p-values behind it, (rows, rows).
        ranks: Lowest and highest rank of each row; None where nothing is testable.
        exploratory: What further contrasts are estimated from.
    """

    averages: tuple[Interval | None, ...]
    shrunken: Floats
    heterogeneity: Heterogeneity
    pooled: bool
    shared: SharedVariance | None
    order_tests: tuple[SetTest, ...]
    order_p: float | None
    pairs: tuple[tuple[int, int, Effect], ...]
    deltas: dict[int, Effect]
    significant: Booleans
    p_adjusted: Floats
    ranks: list[tuple[int, int]] | None
    exploratory: Contrasts

    @property
    def order_matters(self) -> bool:
        """Whether the omnibus test rejects."""
        return self.order_p is not None and self.order_p < ALPHA


def analyze_table(runs: Runs) -> TableResult:
    """Test everything about one table."""
    contrasts, affected = runs.contrasts, np.asarray(runs.collapsed.any(axis=1), np.bool_)
    found = heterogeneity(contrasts.table, contrasts.row_covariance)
    pooled = found.pooled and not affected.any()
    exploratory = contrasts if pooled else contrasts.moderated()
    tests = order_tests(contrasts, runs.sets, pooled=pooled)
    testable = [test.p_adjusted for test in tests if test.p_adjusted is not None]
    order_p = round(min(1.0, runs.factor * min(testable)), DECIMALS) if testable else None
    family = Family(margin=runs.margin, gate=order_p or 0.0, factor=runs.factor)
    if pooled:
        single = sum(len(own) for own in runs.sets) == 2
        share = 1.0 if single else PAIRS_SHARE
        family = Family(margin=runs.margin, factor=runs.factor / share)
    pairs = _order_pairs(runs, family, pooled, affected)
    if pooled and order_p is not None:
        smallest = min(effect.p_adjusted for *_, effect in pairs if effect.p_adjusted is not None)
        order_p = (
            smallest if single else min(smallest, round(min(1.0, order_p / (1 - PAIRS_SHARE)), DECIMALS))
        )
    deltas: dict[int, Effect] = {}
    if runs.baseline is not None:
        rows = np.array([row for row in range(len(affected)) if row != runs.baseline], np.int64)
        weights = pair_weights(len(affected), rows, np.full(len(rows), runs.baseline))
        judged = judge(exploratory, weights, Family(runs.margin, factor=runs.baseline_factor), affected)
        deltas = dict(zip(rows.tolist(), judged, strict=True))
    significant, adjusted = _all_pairs(runs, exploratory, pairs, deltas, affected)
    return TableResult(
        averages=_averages(contrasts, affected, pooled),
        shrunken=shrunken(contrasts.means, exploratory.covariances(np.eye(len(affected)))),
        heterogeneity=found,
        pooled=pooled,
        shared=shared_variance(contrasts.table, contrasts.tree),
        order_tests=tests,
        order_p=order_p,
        pairs=pairs,
        deltas=deltas,
        significant=significant,
        p_adjusted=adjusted,
        ranks=None if contrasts.covariance is None else rank_sets(runs.sign * contrasts.means, significant),
        exploratory=exploratory,
    )


def _order_pairs(
    runs: Runs, family: Family, pooled: bool, affected: Booleans
) -> tuple[tuple[int, int, Effect], ...]:
    """Judge the pairs of the same tasks: together where scatter is pooled, otherwise set by set."""
    means = runs.sign * runs.contrasts.means
    found: list[tuple[int, int, Effect]] = []
    parts: Sequence[tuple[tuple[int, ...], ...]] = [runs.sets] if pooled else [(own,) for own in runs.sets]
    for part in parts:
        pairs = [pair for own in part for pair in combinations(own, 2)]
        if not pairs:
            continue
        ordered = np.array([(a, b) if means[a] >= means[b] else (b, a) for a, b in pairs], np.int64)
        if pooled:
            weights = pair_weights(len(means), ordered[:, 0], ordered[:, 1])
            judged = judge(runs.contrasts, weights, family, affected)
        else:
            rows = list(part[0])
            place = {row: number for number, row in enumerate(rows)}
            local = np.array([[place[a], place[b]] for a, b in ordered.tolist()], np.int64)
            weights = pair_weights(len(rows), local[:, 0], local[:, 1])
            # Bonferroni over the sets, which have different scatter.
            own = Family(family.margin, family.gate, family.factor * len(runs.sets))
            judged = judge(runs.contrasts.within(part[0]), weights, own, affected[rows])
        found += [(int(a), int(b), effect) for (a, b), effect in zip(ordered, judged, strict=True)]
    return tuple(sorted(found, key=lambda pair: (-abs(pair[2].difference), pair[0], pair[1])))


def _all_pairs(
    runs: Runs,
    exploratory: Contrasts,
    order_pairs: Sequence[tuple[int, int, Effect]],
    deltas: dict[int, Effect],
    affected: Booleans,
) -> tuple[Booleans, Floats]:
    """Return which pairs differ significantly: those judged before as they were, the others after Holm."""
    rows = len(affected)
    adjusted = np.ones((rows, rows))
    if exploratory.covariance is None or rows < 2:
        return np.zeros((rows, rows), np.bool_), adjusted
    first, second = np.triu_indices(rows, 1)
    adjusted[first, second] = holm(_pair_p_values(exploratory, first, second, affected))
    known = [(a, b, effect) for a, b, effect in order_pairs]
    known += [(row, runs.baseline, effect) for row, effect in deltas.items() if runs.baseline is not None]
    for a, b, effect in known:
        if effect.p_adjusted is not None:
            adjusted[min(a, b), max(a, b)] = effect.p_adjusted
    adjusted = np.minimum(adjusted, adjusted.T)
    return adjusted < ALPHA, adjusted


def _pair_p_values(contrasts: Contrasts, first: Indices, second: Indices, affected: Booleans) -> Floats:
    rows = len(affected)
    found = []
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        chosen = slice(start, start + _PAIRS_AT_ONCE)
        weights = pair_weights(rows, first[chosen], second[chosen])
        p = contrasts.estimate(weights).p
        caught = affected[first[chosen]] | affected[second[chosen]]
        if caught.any():
            p[caught] = np.fmax(p[caught], contrasts.own_seed_p(weights[caught]))
        found.append(p)
    return np.concatenate(found)


def _averages(contrasts: Contrasts, affected: Booleans, pooled: bool) -> tuple[Interval | None, ...]:
    """Return the intervals of the rows' averages over other seeds and items.

    A seed's effect on all rows, from the seeds' means, and the row's own scatter: pooled or moderated.
    """
    table, clusters = contrasts.table, contrasts.values.shape[2]
    rows, seeds = table.shape
    items = np.diag(contrasts.covariances_of_items(np.eye(rows)))
    variance, spread = items.copy(), items**2 / (clusters - 1)
    if seeds > 1:
        blocks = float(np.var(table.mean(axis=0), ddof=1))
        own, degrees = np.zeros(rows), 1.0
        if rows > 1 and pooled and contrasts.row_covariance is not None:
            own = np.diag(contrasts.row_covariance.matrix) * (rows - 1) / rows
            degrees = float((rows - 1) * (seeds - 1))
        elif rows > 1:
            moderated, degrees = moderated_variances(table)
            own = moderated * (rows - 1) / rows
        variance += (blocks + own) / seeds
        spread += (blocks / seeds) ** 2 / (seeds - 1) + (own / seeds) ** 2 / degrees
    some = spread > 0
    freedom = np.where(some, variance**2 / np.where(some, spread, 1.0), 1e6)
    half = stats.t.isf((1 - CONFIDENCE) / 2, np.minimum(freedom, 1e6)) * np.sqrt(variance)
    return tuple(
        None
        if affected[row]
        else Interval(
            low=round(float(contrasts.means[row] - half[row]), DECIMALS),
            high=round(float(contrasts.means[row] + half[row]), DECIMALS),
        )
        for row in range(rows)
    )

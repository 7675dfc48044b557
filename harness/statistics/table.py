"""One table of rows × seeds: what of it is significant, by one gate.

The primary question is order. Scatter is pooled over all rows where they scatter alike; otherwise each row
has a moderated variance, and sets of at least three rows that scatter more than the others have their own.
Nine tenths of the level go to the pairs of the same tasks, by the distribution of the largest |t| of them
all (Hothorn, Bretz & Westfall 2008), which finds single orders that differ, and one tenth to the tests of
all orders of a set at once (`order_test`, Holm over sets), which find many small differences (a weighted
Bonferroni test). Where runs collapsed the tests of sets come first, by the scatter of the compared set
alone, and pairs are never below the p-value of their set; a set with a collapsed run is tested by relabeling
alone. Order is significant if any of it is. Differences to the baseline are a family of their own with
simultaneous intervals (Dunnett 1955). Whatever else is compared is exploratory: Holm's correction within its
kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from harness.statistics.arrays import ALPHA, CONFIDENCE, DECIMALS, Booleans, Floats, Indices
from harness.statistics.contrast import Contrasts, pair_weights
from harness.statistics.covariance import SharedVariance, shared_variance
from harness.statistics.heterogeneity import (
    Heterogeneity,
    heterogeneity,
    moderated_variances,
    scatters_more,
)
from harness.statistics.multiplicity import holm
from harness.statistics.order_test import SetTest, order_tests, permutation_test
from harness.statistics.ranks import rank_sets, shrunken
from harness.statistics.verdict import Effect, Family, Interval, judge

_PAIRS_AT_ONCE = 20_000
# Of the level, where both pairs and all orders at once are tested.
PAIRS_SHARE = 0.9


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
    gated = bool(affected.any())
    own = [gated] * len(runs.sets)
    if not found.pooled and not gated:
        own = scatters_more(contrasts.table, runs.sets)
    # Of one pair there is only one test.
    share = 1.0 if gated or sum(map(len, runs.sets)) == 2 else PAIRS_SHARE
    factor = runs.factor / (1 - share) if share < 1 else runs.factor
    tests = order_tests(contrasts, runs.sets, affected, own, level=ALPHA / factor)
    pairs = _order_pairs(runs, exploratory, tests, share, gated=gated)
    found_p = [
        round(min(1.0, factor * test.p_adjusted), DECIMALS)
        for test in tests
        if test.p_adjusted is not None and (gated or share < 1)
    ]
    if not gated:
        found_p += [effect.p_adjusted for *_, effect in pairs if effect.p_adjusted is not None]
    order_p = min(found_p, default=None)
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


Pairs = tuple[tuple[int, int, Effect], ...]


def _order_pairs(
    runs: Runs, every: Contrasts, tests: Sequence[SetTest], share: float, *, gated: bool
) -> Pairs:
    """Judge the pairs of the same tasks at a share of the level, which the sets divide evenly.

    Sets without a scatter of their own are judged together. Gated, no pair is below the p-value of its set,
    nor, where a run of the set collapsed, below that of its relabelings.
    """
    joint = [test for test in tests if not test.own_scatter]
    parts = [*([joint] if joint else []), *([test] for test in tests if test.own_scatter)]
    found: list[tuple[int, int, Effect]] = []
    for part in parts:
        rows = sorted(row for test in part for row in test.rows)
        contrasts = runs.contrasts.within(tuple(rows)) if part[0].own_scatter else every
        ordered = _better_first(runs, [pair for test in part for pair in combinations(test.rows, 2)])
        local = np.searchsorted(rows, ordered) if part[0].own_scatter else ordered
        weights = pair_weights(len(contrasts.means), local[:, 0], local[:, 1])
        factor = runs.factor * len(tests) / len(part) / share
        collapsed = bool(runs.collapsed[rows].any())
        gate: float | Floats = 0.0
        if gated:
            gate = runs.factor * (part[0].p_adjusted if part[0].p_adjusted is not None else np.nan)
        if collapsed:
            relabelings = permutation_test(contrasts.table, contrasts.tree)
            gate = np.maximum(gate, factor * relabelings.range_p(weights @ contrasts.means))
        affected = np.full(len(contrasts.means), collapsed)
        judged = judge(contrasts, weights, Family(runs.margin, gate, factor), affected)
        found += [(int(a), int(b), effect) for (a, b), effect in zip(ordered, judged, strict=True)]
    return tuple(sorted(found, key=lambda pair: (-abs(pair[2].difference), pair[0], pair[1])))


def _better_first(runs: Runs, pairs: Sequence[tuple[int, int]]) -> Indices:
    means = runs.sign * runs.contrasts.means
    ordered = [(a, b) if means[a] >= means[b] else (b, a) for a, b in pairs]
    return np.array(ordered, np.int64).reshape(-1, 2)


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
        adjusted[min(a, b), max(a, b)] = 1.0 if effect.p_adjusted is None else effect.p_adjusted
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
            scatter = contrasts.row_covariance.about_mean()
            own, degrees = np.full(rows, scatter.variance), scatter.degrees
        elif rows > 1:
            moderated, degrees = moderated_variances(table)
            own = moderated * (rows - 1) / rows / seeds
        variance += blocks / seeds + own
        spread += (blocks / seeds) ** 2 / (seeds - 1) + own**2 / degrees
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

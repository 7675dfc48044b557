"""Whether order matters at all: for every set of rows with the same tasks, a test of all orders at once.

The permutation test is exact: under the null hypothesis the rows of a set are exchangeable within each seed
as far as their shared stages allow, so they are relabeled by the automorphisms of their tree of stages
(Winkler et al. 2015, NeuroImage 123). Its statistic is the sum of squares of the orders' means. Where seeds
and orders are so few that it could never reject, an F-test takes its place: the same sum of squares over its
expectation under the fitted covariance of the rows, both with Satterthwaite's degrees of freedom (the
ANOVA-type statistic of Brunner, Dette & Munk 1997, JASA 92). Where a run of the set collapsed no F describes
the rows' means, and the permutation test stands alone: a set that it could never reject is not testable, and
takes no part in the correction (Tarone 1990, Biometrics 46; which sets hold a collapse does not depend on the
labels). Several sets are corrected by Holm's method.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import ALPHA, DECIMALS, Booleans, Floats, Indices
from harness.statistics.contrast import Contrasts
from harness.statistics.covariance import RowCovariance
from harness.statistics.multiplicity import holm
from harness.statistics.prefixes import PrefixTree

DRAWS = 9_999
ORDER_SEED = 20260103
_MOST_ENUMERATED = 20_000
_BLOCK = 500
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Permutation:
    """The permutation test of one set of rows.

    Attributes:
        p: Of the sum of squares.
        smallest: The least that p can be.
        exact: Whether all relabelings were counted; otherwise 9,999 of them were drawn.
        ranges: Of every relabeling the largest difference between two orders' means, sorted.
    """

    p: float
    smallest: float
    exact: bool
    ranges: Floats

    def range_p(self, differences: Floats) -> Floats:
        """Return p-values of differences between orders, corrected for all pairs of the set.

        The share of relabelings whose largest difference is at least as large (single-step max-T: Westfall &
        Young 1993, "Resampling-Based Multiple Testing", section 2.3).
        """
        reached = self.ranges >= np.abs(differences)[:, None] - _TOLERANCE
        drawn = int(not self.exact)
        p: Floats = (reached.sum(axis=1) + drawn) / (len(self.ranges) + drawn)
        return p


class SetTest(FrozenModel):
    """The test of one set of rows.

    Attributes:
        rows: The rows, by number.
        own_scatter: Whether its scatter is taken from its rows alone, not from all.
        by: Which test decides.
        p: Its p-value; None where nothing can be tested: one seed, or collapsed runs among so few seeds and
            orders that the permutation test could never reject.
        p_adjusted: Corrected over the sets.
        exact: Whether all relabelings were counted; otherwise 9,999 of them were drawn.
        smallest_p: The least that the permutation test can give with so few seeds and orders.
        f: Mean square of orders over its expectation without an effect; None with one seed.
        f_degrees: Degrees of freedom of both.
        f_p: The p-value of the F-test.
    """

    rows: tuple[int, ...]
    own_scatter: bool
    by: str
    p: float | None
    p_adjusted: float | None
    p_permutation: float
    exact: bool
    smallest_p: float
    f: float | None
    f_degrees: tuple[float, float] | None
    f_p: float | None


def order_tests(
    contrasts: Contrasts,
    sets: Sequence[tuple[int, ...]],
    collapsed: Booleans,
    own: Sequence[bool],
    *,
    level: float = ALPHA,
) -> tuple[SetTest, ...]:
    """Test every set of at least two rows that hold the same tasks.

    Args:
        contrasts: Of all rows.
        sets: The rows of each set.
        collapsed: Rows with a collapsed run, (rows,).
        own: Whether a set's F-test takes the scatter of its rows; otherwise of all rows, (sets,).
        level: At which all sets together are tested.
    """
    found = [
        _tested(contrasts, rows, collapsed, own_scatter, level / len(sets))
        for rows, own_scatter in zip(sets, own, strict=True)
    ]
    testable = [test for test in found if test.p is not None]
    corrected = dict(
        zip(
            (test.rows for test in testable),
            holm([test.p for test in testable if test.p is not None]).tolist(),
            strict=True,
        )
    )
    return tuple(
        test.model_copy(update={"p_adjusted": round(corrected[test.rows], DECIMALS)})
        if test.rows in corrected
        else test
        for test in found
    )


def _tested(
    contrasts: Contrasts, rows: tuple[int, ...], collapsed: Booleans, own_scatter: bool, level: float
) -> SetTest:
    permuted = permutation_test(contrasts.table[list(rows)], contrasts.tree.subset(rows))
    f, degrees, f_p = _f_test(contrasts.within(rows), None) if own_scatter else _f_test(contrasts, rows)
    can_reject = permuted.smallest < level
    by = "permutation" if can_reject or collapsed[list(rows)].any() else "F"
    decides = f_p if by == "F" else permuted.p if can_reject else None
    return SetTest(
        rows=rows,
        own_scatter=own_scatter,
        by=by,
        p=None if decides is None else round(decides, DECIMALS),
        p_adjusted=None,
        p_permutation=round(permuted.p, DECIMALS),
        exact=permuted.exact,
        smallest_p=round(permuted.smallest, DECIMALS),
        f=None if f is None else round(f, DECIMALS),
        f_degrees=None if degrees is None else (round(degrees[0], 3), round(degrees[1], 3)),
        f_p=None if f_p is None else round(f_p, DECIMALS),
    )


def permutation_test(table: Floats, tree: PrefixTree) -> Permutation:
    """Relabel the rows of one set within every seed.

    Args:
        table: The averages of the set, (rows, seeds).
        tree: Its stages.
    """
    seeds = table.shape[1]
    relabelings = tree.automorphisms ** (seeds - 1)
    exact = relabelings <= _MOST_ENUMERATED
    observed = float(_spread(table.sum(axis=1)))
    sums = _enumerated(table, tree.every_relabeling()) if exact else _sampled(table, tree)
    reached = int((_spread(sums) >= observed * (1 - _TOLERANCE)).sum())
    drawn = int(not exact)
    return Permutation(
        p=(reached + drawn) / (len(sums) + drawn),
        smallest=1 / relabelings if exact else 1 / (DRAWS + 1),
        exact=exact,
        ranges=np.sort(np.ptp(sums, axis=1) / seeds),
    )


def _spread(sums: Floats) -> Floats:
    """Return the sum of squares of sums over seeds about their mean, over the last axis."""
    squares: Floats = ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    return squares


def _enumerated(table: Floats, labels: Indices) -> Floats:
    """Return sums over seeds of every relabeling; as only differences count, one seed keeps its labels."""
    sums = table[:, 0][None]
    for seed in range(1, table.shape[1]):
        sums = (sums[:, None] + table[:, seed][labels][None]).reshape(-1, len(table))
    return sums


def _sampled(table: Floats, tree: PrefixTree) -> Floats:
    random = np.random.RandomState(ORDER_SEED)
    blocks = []
    for start in range(0, DRAWS, _BLOCK):
        size = min(_BLOCK, DRAWS - start)
        sums = np.zeros((size, len(table)))
        for seed in range(table.shape[1]):
            sums += table[:, seed][tree.relabelings(random, size)]
        blocks.append(sums)
    return np.concatenate(blocks)


def order_form(rows: int, sets: Sequence[Sequence[int]]) -> Floats:
    """Return the form of the orders' sum of squares about the means of their sets, (rows, rows)."""
    form = np.zeros((rows, rows))
    for own in sets:
        form[np.ix_(own, own)] = np.eye(len(own)) - 1 / len(own)
    return form


def quadratic_degrees(form: Floats, matrix: Floats) -> float:
    """Return the degrees of freedom of a quadratic form under a covariance: tr(FV)² / tr(FVFV) (Box 1954)."""
    product = form @ matrix
    return float(np.trace(product) ** 2 / np.trace(product @ product))


def _f_test(
    contrasts: Contrasts, rows: Sequence[int] | None
) -> tuple[float | None, tuple[float, float] | None, float | None]:
    covariance, means = contrasts.covariance, contrasts.means
    if not isinstance(covariance, RowCovariance) or covariance.components.sum() <= 0:
        return None, None, None
    form = order_form(len(means), [range(len(means)) if rows is None else rows])
    expected = covariance.quadratic(form)
    f = float(means @ form @ means) / expected.variance
    degrees = (quadratic_degrees(form, covariance.matrix), min(expected.degrees, 1e6))
    return f, degrees, float(stats.f.sf(f, *degrees))

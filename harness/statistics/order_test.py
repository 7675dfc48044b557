"""Whether order matters at all: for every set of rows with the same tasks, a test of all orders at once.

The permutation test is exact: under the null hypothesis the rows of a set are exchangeable within each seed
as far as their shared stages allow, so they are relabeled by the automorphisms of their tree of stages
(Winkler et al. 2015, NeuroImage 123). Its statistic is the sum of squares of the orders' means. Where seeds
and orders are so few that it could never reject, an F-test takes its place: the same sum of squares over its
expectation under the fitted covariance of the rows, both with Satterthwaite's degrees of freedom (the
ANOVA-type statistic of Brunner, Dette & Munk 1997, JASA 92). Several sets are corrected by Holm's method.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import ALPHA, DECIMALS, Floats, Indices
from harness.statistics.contrast import Contrasts
from harness.statistics.covariance import RowCovariance
from harness.statistics.multiplicity import holm
from harness.statistics.prefixes import PrefixTree

DRAWS = 9_999
ORDER_SEED = 20260103
_MOST_ENUMERATED = 20_000
_BLOCK = 500
_TOLERANCE = 1e-9


class SetTest(FrozenModel):
    """The test of one set of rows.

    Attributes:
        rows: The rows, by number.
        by: Which test decides.
        p: Its p-value; None where nothing can be tested.
        p_adjusted: Corrected over the sets.
        exact: Whether all relabellings were counted; otherwise 9,999 of them were drawn.
        smallest_p: The least that the permutation test can give with so few seeds and orders.
        f: Mean square of orders over its expectation without an effect; None with one seed.
        f_degrees: Degrees of freedom of both.
        f_p: The p-value of the F-test.
    """

    rows: tuple[int, ...]
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
    contrasts: Contrasts, sets: Sequence[tuple[int, ...]], *, pooled: bool
) -> tuple[SetTest, ...]:
    """Test every set of at least two rows that hold the same tasks.

    Args:
        contrasts: Of all rows.
        sets: The rows of each set.
        pooled: Whether the F-test takes the scatter of all rows; otherwise of the set's.
    """
    found = [_tested(contrasts, rows, pooled, len(sets)) for rows in sets]
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


def _tested(contrasts: Contrasts, rows: tuple[int, ...], pooled: bool, sets: int) -> SetTest:
    table, tree = contrasts.table[list(rows)], contrasts.tree.subset(rows)
    p, smallest, exact = permutation_test(table, tree)
    f, degrees, f_p = _f_test(contrasts, rows) if pooled else _f_test(contrasts.within(rows), None)
    by = "permutation" if smallest < ALPHA / sets else "F"
    decides = p if by == "permutation" else f_p
    return SetTest(
        rows=rows,
        by=by,
        p=None if decides is None else round(decides, DECIMALS),
        p_adjusted=None,
        p_permutation=round(p, DECIMALS),
        exact=exact,
        smallest_p=round(smallest, DECIMALS),
        f=None if f is None else round(f, DECIMALS),
        f_degrees=None if degrees is None else (round(degrees[0], 3), round(degrees[1], 3)),
        f_p=None if f_p is None else round(f_p, DECIMALS),
    )


def permutation_test(table: Floats, tree: PrefixTree) -> tuple[float, float, bool]:
    """Return the p-value, the least possible one, and whether all relabellings were counted.

    Args:
        table: The averages of one set, (rows, seeds).
        tree: Its stages.
    """
    seeds = table.shape[1]
    relabellings = tree.automorphisms ** (seeds - 1)
    exact = relabellings <= _MOST_ENUMERATED
    observed = float(_spread(table.sum(axis=1)))
    drawn = _enumerated(table, tree.every_relabelling()) if exact else _sampled(table, tree)
    reached = int((drawn >= observed * (1 - _TOLERANCE)).sum())
    if exact:
        return reached / len(drawn), 1 / relabellings, True
    return (reached + 1) / (len(drawn) + 1), 1 / (DRAWS + 1), False


def _spread(sums: Floats) -> Floats:
    """Return the sum of squares of sums over seeds about their mean, over the last axis."""
    squares: Floats = ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    return squares


def _enumerated(table: Floats, labels: Indices) -> Floats:
    """Return the statistic of every relabeling; the first seed keeps its labels, only differences count."""
    sums = table[:, 0][None]
    for seed in range(1, table.shape[1]):
        sums = (sums[:, None] + table[:, seed][labels][None]).reshape(-1, len(table))
    return _spread(sums)


def _sampled(table: Floats, tree: PrefixTree) -> Floats:
    random = np.random.RandomState(ORDER_SEED)
    blocks = []
    for start in range(0, DRAWS, _BLOCK):
        size = min(_BLOCK, DRAWS - start)
        sums = np.zeros((size, len(table)))
        for seed in range(table.shape[1]):
            sums += table[:, seed][tree.relabellings(random, size)]
        blocks.append(_spread(sums))
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

"""Coefficients and p-values against scipy's own."""

import numpy as np
import pytest
from scipy import stats

from harness.statistics.correlation import kendall, least_p, pearson, spearman

RANDOM = np.random.default_rng(5)
PAIRS = {
    "pearson": (pearson, stats.pearsonr),
    "spearman": (spearman, stats.spearmanr),
    "kendall": (kendall, stats.kendalltau),
}


def samples(count):
    x = RANDOM.normal(size=count)
    return x, np.stack([x + RANDOM.normal(size=count), RANDOM.normal(size=count), -x])


@pytest.mark.parametrize("name", PAIRS)
def test_agrees_with_scipy_and_its_exhaustive_permutations(name):
    ours, theirs = PAIRS[name]
    x, ys = samples(6)
    for y, found in zip(ys, ours(x, ys), strict=True):
        exact = stats.permutation_test(
            (x,),
            lambda permuted, y=y: abs(theirs(permuted, y).statistic),
            permutation_type="pairings",
            alternative="greater",
            n_resamples=np.inf,
        )
        assert found.value == pytest.approx(theirs(x, y).statistic, abs=1e-6)
        assert found.p == pytest.approx(exact.pvalue, abs=1e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_drawn_permutations_come_near_the_exact_p_value(name):
    ours, theirs = PAIRS[name]
    x, ys = samples(14)
    for y, found in zip(ys[:2], ours(x, ys[:2]), strict=True):
        assert found.p == pytest.approx(theirs(x, y).pvalue, abs=0.03)


def test_ties_are_ranked_as_scipy_ranks_them():
    x, y = np.array([1.0, 2, 2, 3, 4, 4]), np.array([[0.1, 0.1 + 1e-15, 0.3, 0.2, 0.5, 0.4]])
    assert spearman(x, y)[0].value == pytest.approx(stats.spearmanr(x, y[0].round(12)).statistic, abs=1e-6)
    assert kendall(x, y)[0].value == pytest.approx(stats.kendalltau(x, y[0].round(12)).statistic, abs=1e-6)


def test_a_constant_has_no_correlation_and_a_perfect_one_the_least_p():
    x = np.arange(6.0)
    constant, perfect = spearman(x, np.stack([np.full(6, 0.5), x**2]))
    assert constant is None
    assert perfect.value == 1.0
    assert perfect.p == pytest.approx(least_p(6), abs=1e-6)

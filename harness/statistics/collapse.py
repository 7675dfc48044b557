"""Runs that did not learn, as an outcome of their own."""

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import ALPHA, DECIMALS, Booleans, Floats
from harness.statistics.prefixes import PrefixTree

CHANCE_LEVEL = ALPHA
DRAWS = 9_999
COLLAPSE_SEED = 20260106


class CollapseTest(FrozenModel):
    """The test of "runs of all rows collapse alike often"; p is None where it could never reject."""

    collapsed: int
    runs: int
    p: float | None


def above_chance(values: Floats, chance: float) -> float:
    """Return the one-sided p-value of "the mean over languages is no better than chance".

    One t-test of the mean, each cluster of items once with all its languages (Miller 2024, section 2.2).

    Args:
        values: What each cluster contributes to the mean over languages, (clusters,).
        chance: The score that the commonest answer alone would get, as a mean over languages.
    """
    clusters = len(values)
    excess = float(values.mean()) - chance
    error = float(values.std(ddof=1)) / np.sqrt(clusters) if clusters > 1 else 0.0
    if error <= 0:
        return 0.0 if excess > 0 else 1.0
    return float(stats.t.sf(excess / error, clusters - 1))


def collapse_test(collapsed: Booleans, tree: PrefixTree) -> CollapseTest:
    """Test whether some rows collapse more often than others.

    A permutation test: the flags of a seed are relabeled by the automorphisms of the tree of stages, so
    that a collapse that rows inherit from a shared stage counts once. The statistic is the sum of squares of
    the rows' rates.

    Args:
        collapsed: (rows, seeds).
        tree: Which rows share stages.
    """
    rows, seeds = collapsed.shape
    count = int(collapsed.sum())
    smallest = 1 / max(1, tree.automorphisms) ** max(1, seeds - 1)
    if not count or smallest >= ALPHA:
        return CollapseTest(collapsed=count, runs=rows * seeds, p=None)
    random = np.random.RandomState(COLLAPSE_SEED)
    sums = np.zeros((DRAWS, rows))
    for seed in range(seeds):
        sums += collapsed[:, seed][tree.relabelings(random, DRAWS)]
    observed = float((collapsed.sum(axis=1) ** 2).sum())
    reached = int(((sums**2).sum(axis=1) >= observed - 1e-9).sum())
    return CollapseTest(collapsed=count, runs=rows * seeds, p=round((reached + 1) / (DRAWS + 1), DECIMALS))

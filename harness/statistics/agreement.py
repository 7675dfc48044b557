"""Whether what orders do repeats: rankings by one half of the seeds against those by the other.

All languages are scored on the same runs, so their rankings agree with no effect of order at all. Rankings
are therefore compared across disjoint halves of the seeds, and which tasks a row holds is taken out first:
scores are centered within each set of rows with the same tasks. The p-value relabels the rows of each seed as
the order test does; what lies between the quantiles of the relabeled tables is what no effect gives.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import CONFIDENCE, DECIMALS, Floats
from harness.statistics.prefixes import PrefixTree
from harness.statistics.verdict import Interval

RELABELLINGS = 499
AGREEMENT_SEED = 20260107
_FEWEST_RANKED = 3
_MOST_SPLITS = 15


class Agreement(FrozenModel):
    """Spearman's rank correlation between raters from disjoint halves of the seeds.

    Attributes:
        between: What the raters are.
        raters: How many there are.
        ranked: Rows ranked.
        rho: The mean over pairs of raters and halves of the seeds.
        without_effect: Where 95% of its values lie when no order has an effect.
        p: One-sided.
    """

    between: str
    raters: int
    ranked: int
    rho: float
    without_effect: Interval
    p: float


def agreement(
    between: str, scores: Floats, sets: Sequence[tuple[int, ...]], tree: PrefixTree
) -> Agreement | None:
    """Compare how raters rank orders of the same tasks; None with one seed or fewer than three rows.

    Args:
        between: What the raters are.
        scores: (rows, seeds, raters).
        sets: Rows with the same tasks, at least two each.
        tree: Which rows share stages.
    """
    rows = [row for own in sets for row in own]
    seeds = scores.shape[1]
    if len(rows) < _FEWEST_RANKED or seeds < 2:
        return None
    centered = np.concatenate([scores[list(own)] - scores[list(own)].mean(axis=0) for own in sets])
    splits = _halves(seeds)
    observed = _correlation(centered, splits)
    if np.isnan(observed):
        return None
    random = np.random.RandomState(AGREEMENT_SEED)
    trees = [tree.subset(own) for own in sets]
    starts = np.cumsum([0, *(len(own) for own in sets)])
    drawn = np.empty(RELABELLINGS)
    labels = [[own.relabelings(random, RELABELLINGS) for own in trees] for _ in range(seeds)]
    for draw in range(RELABELLINGS):
        parts = [
            [start + own[draw] for start, own in zip(starts, labels[seed], strict=False)]
            for seed in range(seeds)
        ]
        table = np.stack([centered[np.concatenate(part), seed] for seed, part in enumerate(parts)], axis=1)
        drawn[draw] = _correlation(table, splits)
    low, high = np.nanquantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Agreement(
        between=between,
        raters=scores.shape[2],
        ranked=len(rows),
        rho=round(observed, DECIMALS),
        without_effect=Interval(low=round(float(low), DECIMALS), high=round(float(high), DECIMALS)),
        p=round((int((drawn >= observed - 1e-12).sum()) + 1) / (RELABELLINGS + 1), DECIMALS),
    )


def _halves(seeds: int) -> list[tuple[list[int], list[int]]]:
    """Return ways to halve the seeds, at most 15; of an odd number one seed is left out."""
    half = seeds // 2
    found = []
    for first in combinations(range(seeds), half):
        rest = [seed for seed in range(seeds) if seed not in first]
        found += [(list(first), list(second)) for second in combinations(rest, half) if first[0] < second[0]]
    step = max(1, len(found) // _MOST_SPLITS)
    return found[::step][:_MOST_SPLITS]


def _correlation(table: Floats, splits: list[tuple[list[int], list[int]]]) -> float:
    """Return the mean rank correlation between raters over the halves; of one rater with itself."""
    raters = table.shape[2]
    values = []
    for first, second in splits:
        one, other = (_standardized(table[:, half].mean(axis=1)) for half in (first, second))
        correlations = one.T @ other
        values.append(
            correlations[0, 0]
            if raters == 1
            else (correlations.sum() - np.trace(correlations)) / (raters * (raters - 1))
        )
    return float(np.mean(values))


def _standardized(scores: Floats) -> Floats:
    """Return ranks with mean zero and length one in each column, nan where all are tied."""
    # Means that should tie may differ in their last bits.
    ranks = stats.rankdata(scores.round(12), axis=0)
    ranks -= ranks.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        standardized: Floats = ranks / np.sqrt((ranks**2).sum(axis=0))
    return standardized

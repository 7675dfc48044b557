"""Whether languages, targets and seeds rank the sequences alike: Kendall's W and tau."""

from itertools import combinations

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.leaderboard.interval import DECIMALS
from harness.leaderboard.order.scores import Floats, OrderScores

_FEWEST_RANKED = 3
_MOST_SPLITS = 200


class Agreement(FrozenModel):
    """How alike several raters rank the same sequences.

    Attributes:
        between: What the raters are.
        raters: How many there are; for halves of the seeds, how many ways there are to halve them.
        ranked: Sequences ranked.
        tau: Kendall's tau-b, the mean over pairs of raters: 1 the same ranking, 0 none, −1 reversed.
        w: Kendall's W over all raters, 0 to 1; None for halves, which are compared two by two.
    """

    between: str
    raters: int
    ranked: int
    tau: float | None
    w: float | None


def languages_agreement(scores: OrderScores) -> Agreement | None:
    """Compare the rankings that the languages give, each averaged over seeds."""
    return _agreement("languages", scores.scores.mean(axis=1).T)


def seed_halves_agreement(scores: OrderScores) -> Agreement | None:
    """Compare the rankings from one half of the seeds with those from the other.

    Over all ways to halve the seeds, or the first 200; of an odd number one seed is left out.
    """
    averages = scores.averages
    rows, seeds = averages.shape
    half = seeds // 2
    if rows < _FEWEST_RANKED or half < 1:
        return None
    taus = []
    for first in combinations(range(seeds), half):
        rest = [seed for seed in range(seeds) if seed not in first]
        # Each unordered pair of halves once: the first half holds the lower first seed.
        taus += [
            kendall_tau(averages[:, list(first)].mean(axis=1), averages[:, list(second)].mean(axis=1))
            for second in combinations(rest, half)
            if first[0] < second[0]
        ]
        if len(taus) >= _MOST_SPLITS:
            break
    return Agreement(between="halves of the seeds", raters=len(taus), ranked=rows, tau=_mean(taus), w=None)


def targets_agreement(tables: list[OrderScores]) -> Agreement | None:
    """Compare the rankings of the orders that every target has, each averaged over seeds and languages."""
    shared = [order for order in tables[0].orders if all(order in table.orders for table in tables)]
    means = [[table.averages[table.orders.index(order)].mean() for order in shared] for table in tables]
    return _agreement("targets", np.array(means, np.float64))


def kendall_tau(first: Floats, second: Floats) -> float | None:
    """Return Kendall's tau-b; None where a ranking is all ties."""
    tau = float(stats.kendalltau(first, second).statistic)
    return None if np.isnan(tau) else tau


def kendall_w(ratings: Floats) -> float | None:
    """Return Kendall's coefficient of concordance, corrected for ties, from ratings (raters, ranked).

    W = χ² / (m (n − 1)) with Friedman's χ² (Kendall & Babington Smith 1939, "The Problem of m Rankings").
    """
    raters, ranked = ratings.shape
    with np.errstate(invalid="ignore", divide="ignore"):
        chi_squared = float(stats.friedmanchisquare(*ratings.T).statistic)
    return None if np.isnan(chi_squared) else chi_squared / (raters * (ranked - 1))


def _agreement(between: str, ratings: Floats) -> Agreement | None:
    raters, ranked = ratings.shape if ratings.ndim == 2 else (len(ratings), 0)
    if raters < 2 or ranked < _FEWEST_RANKED:
        return None
    # Means that should tie may differ in their last bits.
    ratings = ratings.round(12)
    w = kendall_w(ratings)
    return Agreement(
        between=between,
        raters=raters,
        ranked=ranked,
        tau=_mean([kendall_tau(first, second) for first, second in combinations(ratings, 2)]),
        w=None if w is None else round(w, DECIMALS),
    )


def _mean(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return round(float(np.mean(present)), DECIMALS) if present else None

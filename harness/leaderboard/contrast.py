"""Differences between rows, and weighted sums of such differences, with their intervals and p-values.

A contrast is a sum of the rows' averages with weights that add up to zero: +1 and −1 for two rows, or
means over groups of rows. Its chance has two parts, as described in `harness.leaderboard.uncertainty`:
items, drawn as clusters, and seeds, as Student's t with the pooled degrees of freedom. The interval is
that of the bootstrap. The p-value is two-sided, from t with Satterthwaite's degrees of freedom for the
sum of the two variances: Monte-Carlo p-values have a floor at one over the number of draws, below which
Holm's correction over many pairs cannot go (Satterthwaite 1946, "An Approximate Distribution of
Estimates of Variance Components").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.leaderboard.interval import CONFIDENCE, DECIMALS, Interval

Floats = npt.NDArray[np.float64]
ALPHA = 0.05
Indices = npt.NDArray[np.int64]
# Differences between rows are multiples of one answer's weight; what is left below this is rounding.
_NO_VARIANCE = 1e-15


@dataclass(frozen=True)
class SeedNoise:
    """The seeds' part of a standard error, and the degrees of freedom it was estimated with."""

    scale: float
    degrees: float


class Estimate(FrozenModel):
    """A difference with its 95% interval and its two-sided p-value, not corrected for others."""

    difference: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Contrasts:
    """What contrasts of the rows of one table are estimated from.

    Attributes:
        values: What each cluster of items contributes to a row's average, (rows, seeds, clusters).
        replicates: Each row's average over drawn clusters, (draws, rows).
        mean_square: Mean square between training runs (row × seed) of the averages; None with one seed.
        degrees: Its degrees of freedom.
        draws: Student's t with these degrees of freedom, (draws, n), the same for every contrast.
    """

    values: Floats
    replicates: Floats
    mean_square: float | None
    degrees: float
    draws: Floats | None

    def estimate(self, weights: Floats) -> Estimate:
        """Return the estimate of a contrast, given a weight for each row, (rows,), adding up to zero."""
        rows = np.flatnonzero(weights)
        used, square = weights[rows], np.ix_(rows, rows)
        center = np.array([used @ self.means[rows]])
        between, within = (
            np.array([used @ gram[square] @ used]) for gram in (self._between_items, self._within_items)
        )
        share, variance = _item_parts(between, within, *self.values.shape[1:])
        noise = self._seed_noise(used)
        interval = bootstrap_interval(
            float(center[0]), self.replicates[:, rows] @ used, float(np.sqrt(share[0])), noise, self.draws
        )
        p = two_sided_p(center, variance, self.values.shape[2] - 1, noise)
        return Estimate(difference=round(float(center[0]), DECIMALS), interval=interval, p=float(p[0]))

    def pair(self, first: int, second: int) -> Estimate:
        """Return the estimate of one row's average minus another's."""
        weights = np.zeros(len(self.values))
        weights[min(first, second)], weights[max(first, second)] = 1.0, -1.0
        found = self.estimate(weights)
        return found if first < second else _mirrored(found)

    def pair_p_values(self, first: Indices, second: Indices) -> Floats:
        """Return the p-values of many pairs of rows at once, (pairs,), as `pair` gives them one by one."""
        between, within = (
            gram[first, first] - 2 * gram[first, second] + gram[second, second]
            for gram in (self._between_items, self._within_items)
        )
        _, variance = _item_parts(between, within, *self.values.shape[1:])
        center = self.means[first] - self.means[second]
        return two_sided_p(
            center, variance, self.values.shape[2] - 1, self._seed_noise(np.array([1.0, -1.0]))
        )

    @cached_property
    def means(self) -> Floats:
        """Each row's average, (rows,)."""
        averages: Floats = self.values.mean(axis=(1, 2))
        return averages

    @cached_property
    def _between_items(self) -> Floats:
        """Covariances of the rows' means over seeds from item to item, (rows, rows)."""
        means = self.values.mean(axis=1)
        centered = means - means.mean(axis=1, keepdims=True)
        covariances: Floats = centered @ centered.T / (means.shape[1] - 1)
        return covariances

    @cached_property
    def _within_items(self) -> Floats:
        """Interaction mean squares of seeds × items, and their products between rows, (rows, rows)."""
        rows, seeds, clusters = self.values.shape
        if seeds < 2:
            return np.zeros((rows, rows))
        residuals = self.values - self.values.mean(axis=1, keepdims=True)
        residuals -= residuals.mean(axis=2, keepdims=True)
        flat = residuals.reshape(rows, -1)
        products: Floats = flat @ flat.T / ((seeds - 1) * (clusters - 1))
        return products

    def _seed_noise(self, weights: Floats) -> SeedNoise | None:
        if self.mean_square is None:
            return None
        variance = float((weights**2).sum()) * self.mean_square / self.values.shape[1]
        return SeedNoise(float(np.sqrt(variance)), self.degrees)


def item_part(values: Floats) -> tuple[float, float]:
    """Return the items' part of the chance of a mean over seeds and clusters.

    What belongs to an item and a seed together is in the seeds' part already and is taken out.

    Args:
        values: What each cluster contributes, (seeds, clusters).

    Returns:
        The share of the items' standard deviation that stays, and the variance of the mean.
    """
    between = np.array([np.var(values.mean(axis=0), ddof=1)])
    share, variance = _item_parts(between, np.array([residual_mean_square(values)]), *values.shape)
    return float(np.sqrt(share[0])), float(variance[0])


def _item_parts(between: Floats, within: Floats, seeds: int, clusters: int) -> tuple[Floats, Floats]:
    """Return the items' shares of the variances between items, and the variances of the means."""
    some = between > _NO_VARIANCE
    share = np.where(some, np.maximum(0.0, 1 - within / (seeds * np.where(some, between, 1.0))), 0.0)
    return share, between * share / clusters


def residual_mean_square(table: Floats) -> float:
    """Return the interaction mean square of a two-way layout without replication (0 for one row)."""
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return 0.0
    residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    return float((residuals**2).sum() / ((rows - 1) * (columns - 1)))


def bootstrap_interval(
    center: float, drawn: Floats, shrinkage: float, noise: SeedNoise | None, draws: Floats | None
) -> Interval:
    """Combine the items' replicates of one estimate, (draws,), with draws for its seeds, (draws, n)."""
    deviations = (drawn - center) * shrinkage
    if noise is not None and draws is not None:
        deviations = (deviations[:, None] + noise.scale * draws).ravel()
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(center + deviations, [tail, 1 - tail])
    return Interval(low=round(float(low), DECIMALS), high=round(float(high), DECIMALS))


def two_sided_p(center: Floats, items: Floats, items_degrees: int, noise: SeedNoise | None) -> Floats:
    """Return the p-values of estimates whose variances are the sums of the items' and the seeds'."""
    seeds = noise.scale**2 if noise else 0.0
    variance = items + seeds
    some = variance > 0
    known = np.where(some, variance, 1.0)
    spread = items**2 / items_degrees + (seeds**2 / noise.degrees if noise else 0.0)
    degrees = known**2 / np.where(some, spread, 1.0)
    p = 2 * stats.t.sf(np.abs(center) / np.sqrt(known), degrees)
    certain: Floats = np.where(some, p, np.where(np.abs(center) < 10**-DECIMALS, 1.0, 0.0))
    return certain


def holm(p_values: Sequence[float] | Floats) -> list[float]:
    """Return p-values corrected for being several, by Holm's step-down method.

    The i-th smallest of n becomes the largest of (n - j + 1) p_j over j <= i, at most 1. Source: Holm 1979,
    "A Simple Sequentially Rejective Multiple Test Procedure". Not by statsmodels, whose function collects
    garbage first (0.3 s).
    """
    order = np.argsort(p_values)
    raised = np.asarray(p_values, dtype=float)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(p) for p in corrected]


def _mirrored(found: Estimate) -> Estimate:
    return Estimate(
        # adding zero makes 0.0 of −0.0
        difference=0.0 - found.difference,
        interval=Interval(low=0.0 - found.interval.high, high=0.0 - found.interval.low),
        p=found.p,
    )

"""Whether rows scatter alike from seed to seed, and variances for when they do not."""

from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import DECIMALS, Floats
from harness.statistics.covariance import RowCovariance

SIMULATIONS = 999
HETEROGENEITY_SEED = 20260105
# Pooling what differs costs validity, not pooling what is alike only power.
POOLING_LEVEL = 0.05
_FLOOR = 1e-6


class Heterogeneity(FrozenModel):
    """How unlike rows scatter.

    Attributes:
        ratio: Largest over smallest variance of a row; None where the smallest is zero.
        p: Of "all rows have the same variance"; None where it cannot be tested.
    """

    ratio: float | None
    p: float | None

    @property
    def pooled(self) -> bool:
        """Whether the scatter of all rows may be pooled."""
        return self.p is None or self.p >= POOLING_LEVEL


def heterogeneity(table: Floats, covariance: RowCovariance | None) -> Heterogeneity:
    """Compare the rows' variances by Bartlett's statistic, its distribution simulated.

    Args:
        table: Averages, (rows, seeds).
        covariance: Of the rows; None with one seed.
    """
    rows, seeds = table.shape
    if covariance is None or rows < 3 or covariance.components.sum() <= 0:
        return Heterogeneity(ratio=None, p=None)
    variances = row_variances(table)
    random = np.random.RandomState(HETEROGENEITY_SEED)
    values, vectors = np.linalg.eigh(covariance.matrix)
    # The symmetric root: eigenvectors of equal eigenvalues differ between machines.
    factor = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    drawn = _bartlett(row_variances(factor @ random.standard_normal((SIMULATIONS, rows, seeds))))
    reached = int((drawn >= _bartlett(variances)).sum())
    smallest = float(variances.min())
    return Heterogeneity(
        ratio=round(float(variances.max()) / smallest, 3) if smallest > 0 else None,
        p=round((reached + 1) / (SIMULATIONS + 1), DECIMALS),
    )


def scatters_more(table: Floats, sets: Sequence[tuple[int, ...]]) -> list[bool]:
    """Return which sets of rows that scatter unlike scatter more than the rows of the table do on average.

    Moderated variances are drawn towards those of the other rows and would make their tests too lax. A set of
    two rows has too few values for a scatter of its own and counts as not scattering more.

    Args:
        table: Averages, (rows, seeds).
        sets: Their rows.
    """
    variances = row_variances(table)
    return [len(own) > 2 and bool(variances[list(own)].mean() > variances.mean()) for own in sets]


def row_variances(table: Floats) -> Floats:
    """Return each row's variance over seeds, what all rows share with a seed taken out, (…, rows)."""
    rows, seeds = table.shape[-2:]
    residuals = table - table.mean(axis=-2, keepdims=True)
    residuals -= residuals.mean(axis=-1, keepdims=True)
    variances: Floats = (residuals**2).sum(axis=-1) * rows / ((rows - 1) * (seeds - 1))
    return variances


def _bartlett(variances: Floats) -> Floats:
    """Return the logarithm of the arithmetic over the geometric mean of variances, over the last axis."""
    mean = variances.mean(axis=-1, keepdims=True)
    logs: Floats = np.log(mean)[..., 0] - np.log(np.maximum(variances, _FLOOR * mean)).mean(axis=-1)
    return logs


def moderated_variances(table: Floats) -> tuple[Floats, float]:
    """Return each row's variance drawn toward what is common to all, (rows,), and its degrees of freedom.

    The empirical Bayes estimate (d₀ s₀² + d s²) / (d₀ + d) with d₀ + d degrees of freedom, d₀ and s₀² from
    the mean and variance of log s² (Smyth 2004, "Linear Models and Empirical Bayes Methods", section 6.2,
    Statistical Applications in Genetics and Molecular Biology 3).
    """
    rows, seeds = table.shape
    own, degrees = row_variances(table), float(seeds - 1)
    floor = _FLOOR * max(float(own.mean()), 1e-300)
    logs = np.log(np.maximum(own, floor)) - special.digamma(degrees / 2) + np.log(degrees / 2)
    excess = float(np.var(logs, ddof=1)) - float(special.polygamma(1, degrees / 2))
    if excess <= 0:
        return np.full(rows, float(own.mean())), degrees * (rows - 1)
    prior = 2 * _inverse_trigamma(excess)
    common = np.exp(logs.mean() + special.digamma(prior / 2) - np.log(prior / 2))
    moderated: Floats = (prior * common + degrees * own) / (prior + degrees)
    return moderated, min(prior + degrees, degrees * (rows - 1))


def _inverse_trigamma(value: float) -> float:
    return float(
        np.exp(optimize.brentq(lambda log: float(special.polygamma(1, np.exp(log))) - value, -15.0, 15.0))
    )

"""Corrections for several tests, and simultaneous intervals."""

from collections.abc import Sequence

import numpy as np
from scipy import special, stats

from harness.statistics.arrays import Floats

DRAWS = 20_000
MAX_T_SEED = 20260104
_BLOCK = 4_000_000
_STRATA = 2_000


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Return p-values corrected for being several, by Holm's step-down method.

    Source: Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure" (Scandinavian Journal of
    Statistics 6). Dependence between the tests does not matter.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, stepped)
    return corrected


def smallest_of_several(covariance: Floats, degrees: Floats) -> Floats:
    """Draw, under no effect, the smallest two-sided p-value of several correlated t-tests, (draws,), sorted.

    Dunnett's test for any covariance and degrees of freedom (Hothorn, Bretz & Westfall 2008, "Simultaneous
    Inference in General Parametric Models", Biometrical Journal 50, with a t for each contrast): normal
    numerators with the contrasts' correlations over one χ² deviate, which each contrast takes at its own
    degrees of freedom.

    Args:
        covariance: Of the estimates, (contrasts, contrasts).
        degrees: Of each contrast's variance, (contrasts,).
    """
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    some = spread > 0
    correlation = covariance[np.ix_(some, some)] / np.outer(spread[some], spread[some])
    degrees = np.clip(degrees[some], 0.5, 1e6)
    values, vectors = np.linalg.eigh(correlation)
    # The symmetric root is unique; eigenvectors of equal eigenvalues, hence draws, differ between machines.
    factor = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    random = np.random.RandomState(MAX_T_SEED)
    smallest = np.ones(DRAWS)
    size = max(1, _BLOCK // max(1, len(degrees)))
    # Degrees of freedom that differ by less than one in a hundred are one.
    logs, which = np.unique(np.round(np.log(degrees), 2), return_inverse=True)
    strata = (np.arange(_STRATA) + 0.5) / _STRATA
    scales = [np.sqrt(stats.chi2.ppf(strata, free) / free) for free in np.exp(logs)]
    for start in range(0, DRAWS, size):
        count = min(size, DRAWS - start)
        normal = np.abs(random.standard_normal((count, len(factor))) @ factor)
        stratum = random.randint(0, _STRATA, count)
        for number, free in enumerate(np.exp(logs)):
            t = normal[:, which == number].max(axis=1) / scales[number][stratum]
            block = smallest[start : start + count]
            np.minimum(block, 2 * special.stdtr(free, -t), out=block)
    return np.sort(smallest)


def simultaneous(p_values: Floats, smallest: Floats) -> Floats:
    """Return p-values corrected by draws of the smallest of them: the share of draws below each."""
    at = np.searchsorted(smallest, p_values * (1 + 1e-12), side="right")
    corrected: Floats = np.where(p_values >= 1, 1.0, np.maximum(p_values, (at + 1) / (len(smallest) + 1)))
    return np.minimum(corrected, 1.0)

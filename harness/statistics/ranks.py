"""Which ranks rows may have, and averages drawn toward each other."""

import numpy as np

from harness.statistics.arrays import Booleans, Floats


def rank_sets(means: Floats, significant: Booleans) -> list[tuple[int, int]]:
    """Return the lowest and highest rank that each row may have.

    A row ranks behind those significantly better and before those significantly worse; as pairs are corrected
    together, all sets hold at once with the confidence of the correction (Al Mohamad, van Zwet, Solari &
    Goeman 2021, "Simultaneous confidence intervals for ranks", Statistica Sinica 31; Mogstad et al. 2024,
    Review of Economic Studies 91).

    Args:
        means: The rows' averages, (rows,).
        significant: Which pairs differ significantly, (rows, rows).
    """
    better = means[None, :] > means[:, None]
    behind = (significant & better).sum(axis=1)
    before = (significant & ~better).sum(axis=1)
    return [(1 + int(low), len(means) - int(high)) for low, high in zip(behind, before, strict=True)]


def shrunken(means: Floats, covariance: Floats) -> Floats:
    """Return averages drawn toward their mean as far as chance explains their spread, (rows,).

    Best linear unbiased predictions under rows ~ (m, τ²), with m by generalized least squares and τ² so that
    the weighted sum of squares equals its degrees of freedom (Paule & Mandel 1982, "Consensus Values and
    Weighting Factors", Journal of Research of the National Bureau of Standards 87; Efron & Morris 1973, JASA
    68).

    Args:
        means: The averages, (rows,).
        covariance: Of their errors, (rows, rows).
    """
    rows = len(means)
    if rows < 3:
        return means
    # In the errors' own directions every size of τ² costs only a division.
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 1e-12 * max(float(values.max()), 1e-300))
    turned, ones = vectors.T @ means, vectors.T @ np.ones(rows)

    def fitted(between: float) -> tuple[float, float]:
        weights = 1 / (values + between)
        mean = float((weights * turned * ones).sum() / (weights * ones**2).sum())
        return mean, float((weights * (turned - mean * ones) ** 2).sum())

    low, high = 0.0, float(np.var(means)) * rows + 1e-300
    if fitted(0.0)[1] <= rows - 1:
        high = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if fitted(middle)[1] > rows - 1 else (low, middle)
    mean, _ = fitted(high)
    drawn: Floats = (
        mean + vectors @ (high / (values + high) * (turned - mean * ones)) if high else np.full(rows, mean)
    )
    return drawn

"""What a contrast shows: a significant difference, equivalence within a margin, or neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import ALPHA, CONFIDENCE, DECIMALS, Booleans, Floats
from harness.statistics.contrast import Contrasts
from harness.statistics.multiplicity import holm, simultaneous, smallest_of_several

Verdict = Literal["significant", "equivalent", "not significant", "not testable"]


class Interval(FrozenModel):
    """A 95% interval, as a fraction like the estimate it belongs to."""

    low: float
    high: float

    @property
    def farthest(self) -> float:
        """The largest difference in either direction that the interval does not exclude."""
        return max(abs(self.low), abs(self.high))


class Effect(FrozenModel):
    """A difference, as a fraction, and what it shows.

    Attributes:
        difference: The estimate.
        interval: Of 95%; None where a run collapsed.
        p: Two-sided, not corrected; with one seed of the test items alone.
        p_adjusted: Corrected for its family; None where it is not testable.
        p_equivalence: Of two one-sided tests against the margin, corrected for its family; None likewise.
        size: The difference over the standard deviation of one training run; None with one seed.
        superiority: Probability that one run of the first is better than one of the second with the same seed
            (Bouthillier et al. 2021, "Accounting for Variance in Machine Learning Benchmarks", section 4).
        verdict: At 5%.
    """

    difference: float
    interval: Interval | None
    p: float
    p_adjusted: float | None
    p_equivalence: float | None
    size: float | None
    superiority: float | None
    verdict: Verdict

    @property
    def significant(self) -> bool:
        """Whether the difference is significant after correction."""
        return self.verdict == "significant"


def own_seed_interval(values: Sequence[float]) -> Interval | None:
    """Return the 95% t-interval of the mean of one value per seed; None with one seed."""
    if len(values) < 2:
        return None
    error = float(np.std(values, ddof=1)) / np.sqrt(len(values))
    half = float(stats.t.isf((1 - CONFIDENCE) / 2, len(values) - 1)) * error
    mean = float(np.mean(values))
    return Interval(low=round(mean - half, DECIMALS), high=round(mean + half, DECIMALS))


@dataclass(frozen=True)
class Family:
    """How the contrasts of a family are corrected and judged.

    Attributes:
        margin: Differences below it count as equivalent, a fraction.
        gate: The p-value of the test that comes before them, of all or of each, (contrasts,); none of theirs
            is below it, and where it is not a number, none is testable.
        factor: By how many tests of the page, and what looks at earlier results cost, p-values are
            multiplied.
        simultaneous: Whether p-values and intervals come from the distribution of the largest |t|; otherwise
            p-values are Holm's and intervals single.
    """

    margin: float
    gate: float | Floats = 0.0
    factor: float = 1.0
    simultaneous: bool = True


def judge(contrasts: Contrasts, weights: Floats, family: Family, collapsed: Booleans) -> list[Effect]:
    """Estimate and judge the contrasts of one family.

    Where a run of a row that enters a contrast collapsed, no t-distribution describes its mean: the interval
    is withheld, and the p-value is at least that of the contrast's own seeds.

    Args:
        contrasts: What they are estimated from.
        weights: (contrasts, rows).
        family: How they are corrected.
        collapsed: Rows with a collapsed run, (rows,).
    """
    if not len(weights):
        return []
    estimates = contrasts.estimate(weights)
    error, p = (1 - CONFIDENCE) / family.factor, estimates.p
    adjusted = p
    if family.simultaneous and len(weights) > 1:
        # How much stages share is poorly known; contrasts that covary less have the larger maximum.
        smallest = smallest_of_several(contrasts.covariances(weights, sharing=False), estimates.degrees)
        adjusted = simultaneous(p, smallest)
        error = float(np.quantile(smallest, error))
    elif not family.simultaneous:
        adjusted = holm(p)
    adjusted = np.minimum(1.0, np.maximum(family.gate, family.factor * adjusted))
    equivalence = np.minimum(1.0, family.factor * holm(estimates.p_beyond(family.margin)))
    affected = (weights != 0) @ collapsed
    adjusted = np.where(affected, np.maximum(adjusted, contrasts.own_seed_p(weights)), adjusted)
    if contrasts.covariance is None:
        adjusted = np.full(len(weights), np.nan)
    low, high = estimates.bounds(error)
    return [
        _judged(
            difference=float(estimates.difference[k]),
            interval=None
            if affected[k]
            else Interval(low=round(float(low[k]), DECIMALS), high=round(float(high[k]), DECIMALS)),
            p=float(p[k]),
            p_adjusted=float(adjusted[k]),
            p_equivalence=1.0 if affected[k] else float(equivalence[k]),
            run_sd=float(estimates.run_sd[k]),
        )
        for k in range(len(weights))
    ]


def _judged(
    *,
    difference: float,
    interval: Interval | None,
    p: float,
    p_adjusted: float,
    p_equivalence: float,
    run_sd: float,
) -> Effect:
    testable = not np.isnan(p_adjusted)
    verdict: Verdict = "not testable"
    if testable and p_adjusted < ALPHA:
        verdict = "significant"
    elif testable:
        verdict = "equivalent" if p_equivalence < ALPHA else "not significant"
    # A contrast of two rows has the variance of two runs.
    size = difference / run_sd * np.sqrt(2) if run_sd > 0 else None
    return Effect(
        difference=round(difference, DECIMALS),
        interval=interval,
        p=round(p, DECIMALS),
        p_adjusted=round(p_adjusted, DECIMALS) if testable else None,
        p_equivalence=round(p_equivalence, DECIMALS) if testable else None,
        size=None if size is None else round(size, DECIMALS),
        superiority=None if size is None else round(float(stats.norm.cdf(size / np.sqrt(2))), DECIMALS),
        verdict=verdict,
    )

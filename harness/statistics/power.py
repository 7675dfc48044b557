"""How many seeds it takes to find a difference of two sequences.

The test is the page's: t with the pooled degrees of freedom of the scatter, two-sided at 0.05 divided by the
number of comparisons it is corrected for. Its power is that of the non-central t-distribution (Cohen 1988,
"Statistical Power Analysis for the Behavioral Sciences", chapter 2). The scatter is an estimate: its 95%
interval, from χ² with its degrees of freedom, gives the interval of what can be detected. The items' part
does not shrink with more seeds.
"""

import math

from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import ALPHA, CONFIDENCE, DECIMALS
from harness.statistics.verdict import Interval

POWER = 0.8
DIFFERENCES = (0.005, 0.01, 0.02, 0.03)
MOST_SEEDS = 1_000


class SeedsNeeded(FrozenModel):
    """Seeds for 80% power at one difference, a fraction; None when over 1,000 are needed.

    Attributes:
        low: With the lower end of the scatter's interval.
        high: With its upper end.
    """

    difference: float
    seeds: int | None
    low: int | None
    high: int | None


class SeedPower(FrozenModel):
    """What the scatter of the training runs allows to detect.

    Attributes:
        sd: Standard deviation of a difference of two runs with the same seed, a fraction.
        sd_interval: Its 95% interval.
        degrees: Degrees of freedom of the scatter with the present seeds.
        seeds: The present seeds.
        items: Variance of a difference that comes from the test items.
        comparisons: How many comparisons are corrected together.
        needed: Seeds needed for some differences.
        detectable: The least difference that the present seeds detect with 80% power, a fraction.
        detectable_interval: The same with the ends of the scatter's interval.
    """

    sd: float
    sd_interval: Interval
    degrees: float
    seeds: int
    items: float
    comparisons: int
    needed: tuple[SeedsNeeded, ...]
    detectable: float
    detectable_interval: Interval


def seed_power(sd: float, degrees: float, seeds: int, items: float, comparisons: int) -> SeedPower:
    """Return what can be detected, given a scatter over zero; arguments as in `SeedPower`."""
    tail = (1 - CONFIDENCE) / 2
    ends = tuple(
        sd * math.sqrt(degrees / float(q))
        for q in (stats.chi2.isf(tail, degrees), stats.chi2.ppf(tail, degrees))
    )

    def detectable(scatter: float) -> float:
        return round(_detectable(scatter, degrees, seeds, items, comparisons), DECIMALS)

    power = SeedPower(
        sd=round(sd, DECIMALS),
        sd_interval=Interval(low=round(ends[0], DECIMALS), high=round(ends[1], DECIMALS)),
        degrees=round(degrees, DECIMALS),
        seeds=seeds,
        items=items,
        comparisons=comparisons,
        needed=(),
        detectable=detectable(sd),
        detectable_interval=Interval(low=detectable(ends[0]), high=detectable(ends[1])),
    )
    return power.model_copy(update={"needed": seeds_needed(power, DIFFERENCES)})


def seeds_needed(power: SeedPower, differences: tuple[float, ...]) -> tuple[SeedsNeeded, ...]:
    """Return the seeds needed for some differences, fractions over zero."""

    def needed(difference: float, sd: float) -> int | None:
        per_seed = power.degrees / (power.seeds - 1)
        low, high = 1, MOST_SEEDS
        if power_of(difference, sd, per_seed, high, power.items, power.comparisons) < POWER:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            enough = power_of(difference, sd, per_seed, middle, power.items, power.comparisons) >= POWER
            low, high = (low, middle) if enough else (middle, high)
        return high

    ends = power.sd_interval
    return tuple(
        SeedsNeeded(
            difference=d, seeds=needed(d, power.sd), low=needed(d, ends.low), high=needed(d, ends.high)
        )
        for d in differences
    )


def power_of(
    difference: float, sd: float, degrees_per_seed: float, seeds: int, items: float, comparisons: int
) -> float:
    """Return the power with so many seeds, at least two."""
    runs = sd**2 / seeds
    # The items' variance is known, by thousands of them; Satterthwaite's degrees of freedom for the sum.
    degrees = degrees_per_seed * (seeds - 1) * ((runs + items) / runs) ** 2
    critical = stats.t.isf(ALPHA / comparisons / 2, degrees)
    # t² is F; the lower tail of scipy's non-central t is undefined for some large differences.
    return float(stats.ncf.sf(critical**2, 1, degrees, difference**2 / (runs + items)))


def _detectable(sd: float, degrees: float, seeds: int, items: float, comparisons: int) -> float:
    """Return the difference whose power is 80%, by bisection: power rises with it."""

    def enough(difference: float) -> bool:
        return power_of(difference, sd, degrees / (seeds - 1), seeds, items, comparisons) >= POWER

    low, high = 0.0, sd
    while not enough(high):
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high

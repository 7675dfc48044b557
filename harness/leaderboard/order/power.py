"""How many seeds it takes to tell a difference of two sequences from the scatter of training runs.

Two sequences are compared as on the page, seed by seed with the scatter pooled over all rows: a t-test at
0.05, two-sided, with (rows − 1)(seeds − 1) degrees of freedom, which for two rows is the paired t-test. Its
power is that of the non-central t-distribution (Cohen 1988, "Statistical Power Analysis for the Behavioral
Sciences", chapter 2). The scatter is the one seen: √2 times that between training runs. More seeds do not
lessen the chance that lies in the test items, and correction for many pairs asks for more of them.
"""

import math

from scipy import stats

from harness.frozen_model import FrozenModel
from harness.leaderboard.contrast import ALPHA, residual_mean_square
from harness.leaderboard.interval import DECIMALS
from harness.leaderboard.order.scores import OrderScores

POWER = 0.8
DIFFERENCES = (0.005, 0.01, 0.02, 0.03)
MOST_SEEDS = 1_000


class SeedsNeeded(FrozenModel):
    """Seeds for 80% power at one difference, a fraction; None when over 1,000 are needed."""

    difference: float
    seeds: int | None


class SeedPower(FrozenModel):
    """What the scatter of the training runs allows to detect.

    Attributes:
        sd: Standard deviation of a difference of two runs with the same seed, a fraction.
        rows: Sequences whose scatter is pooled.
        needed: Seeds needed for some differences.
        detectable: The least difference that the seeds at hand detect with 80% power, a fraction.
    """

    sd: float
    rows: int
    needed: tuple[SeedsNeeded, ...]
    detectable: float


def seed_power(scores: OrderScores) -> SeedPower | None:
    """Return what can be detected; None where no scatter is seen (one seed, or one row)."""
    averages = scores.averages
    rows, seeds = averages.shape
    if seeds < 2 or rows < 2:
        return None
    sd = math.sqrt(2 * residual_mean_square(averages))
    if sd <= 0:
        return None
    return SeedPower(
        sd=round(sd, DECIMALS),
        rows=rows,
        needed=tuple(SeedsNeeded(difference=d, seeds=seeds_needed(d, sd, rows)) for d in DIFFERENCES),
        detectable=round(_detectable(sd, seeds, rows), DECIMALS),
    )


def power_of(difference: float, sd: float, seeds: int, rows: int) -> float:
    """Return the power of the comparison of two of so many rows with so many seeds (both at least two)."""
    degrees = (rows - 1) * (seeds - 1)
    critical = stats.t.isf(ALPHA / 2, degrees)
    # t² is F; the lower tail of scipy's non-central t is undefined for some large differences.
    return float(stats.ncf.sf(critical**2, 1, degrees, seeds * (difference / sd) ** 2))


def seeds_needed(difference: float, sd: float, rows: int) -> int | None:
    """Return the fewest seeds with which a difference is found 80 times in 100, None for over 1,000.

    Args:
        difference: Of two sequences' averages, over zero, in the unit of `sd`.
        sd: Standard deviation of the difference of two runs with the same seed.
        rows: Sequences whose scatter is pooled.
    """
    low, high = 1, MOST_SEEDS
    if power_of(difference, sd, high, rows) < POWER:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(difference, sd, middle, rows) >= POWER:
            high = middle
        else:
            low = middle
    return high


def _detectable(sd: float, seeds: int, rows: int) -> float:
    """Return the difference whose power is 80%, by bisection: power rises with it."""
    low, high = 0.0, sd
    while power_of(high, sd, seeds, rows) < POWER:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        enough = power_of(middle, sd, seeds, rows) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high

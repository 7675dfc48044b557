"""How many seeds it takes to tell a difference of two sequences from the scatter of training runs.

Two sequences are compared seed by seed with a paired t-test at 0.05, two-sided; its power is that of the
non-central t-distribution (Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2).
The scatter is the one seen: √2 times that between training runs. More seeds do not lessen the chance that
lies in the test items.
"""

import math

from scipy import stats

from harness.leaderboard.board import Frozen
from harness.leaderboard.contrast import ALPHA, residual_mean_square
from harness.leaderboard.interval import DECIMALS
from harness.leaderboard.order.scores import OrderScores

POWER = 0.8
DIFFERENCES = (0.005, 0.01, 0.02, 0.03)
MOST_SEEDS = 1_000


class SeedsNeeded(Frozen):
    """Seeds for 80% power at one difference, a fraction; None when over 1,000 are needed."""

    difference: float
    seeds: int | None


class SeedPower(Frozen):
    """What the scatter of the training runs allows to detect.

    Attributes:
        sd: Standard deviation of a difference of two runs with the same seed, a fraction.
        needed: Seeds needed for some differences.
        detectable: The least difference that the seeds at hand detect with 80% power, a fraction.
    """

    sd: float
    needed: tuple[SeedsNeeded, ...]
    detectable: float


def seed_power(scores: OrderScores) -> SeedPower | None:
    """Return what can be detected; None where no scatter is seen (one seed, or one row)."""
    averages = scores.averages
    seeds = averages.shape[1]
    if seeds < 2 or len(averages) < 2:
        return None
    sd = math.sqrt(2 * residual_mean_square(averages))
    if sd <= 0:
        return None
    return SeedPower(
        sd=round(sd, DECIMALS),
        needed=tuple(SeedsNeeded(difference=d, seeds=seeds_needed(d, sd)) for d in DIFFERENCES),
        detectable=round(_detectable(sd, seeds), DECIMALS),
    )


def power_of(difference: float, sd: float, seeds: int) -> float:
    """Return the power of the paired t-test with so many seeds (at least two)."""
    critical = stats.t.isf(ALPHA / 2, seeds - 1)
    # t² is F; the lower tail of scipy's non-central t is undefined for some large differences.
    return float(stats.ncf.sf(critical**2, 1, seeds - 1, seeds * (difference / sd) ** 2))


def seeds_needed(difference: float, sd: float) -> int | None:
    """Return the fewest seeds with which a difference is found 80 times in 100, None for over 1,000.

    Args:
        difference: Of two sequences' averages, over zero, in the unit of `sd`.
        sd: Standard deviation of the difference of two runs with the same seed.
    """
    low, high = 1, MOST_SEEDS
    if power_of(difference, sd, high) < POWER:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if power_of(difference, sd, middle) >= POWER:
            high = middle
        else:
            low = middle
    return high


def _detectable(sd: float, seeds: int) -> float:
    """Return the difference whose power is 80%, by bisection: power rises with it."""
    low, high = 0.0, sd
    while power_of(high, sd, seeds) < POWER:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if power_of(middle, sd, seeds) >= POWER else (middle, high)
    return high

"""What it costs to look at results before all planned seeds are in, or to add seeds after a look."""

import math
from collections.abc import Sequence

from scipy import stats

from harness.statistics.arrays import ALPHA


def spending(fraction: float) -> float:
    """Return how much of the 5% may be spent when a fraction of the planned seeds is in.

    Lan & DeMets 1983, "Discrete sequential boundaries for clinical trials" (Biometrika 70): the spending
    function of O'Brien–Fleming type, 2 (1 − Φ(z / √t)).
    """
    return float(2 * stats.norm.sf(stats.norm.isf(ALPHA / 2) / math.sqrt(min(1.0, fraction))))


def level_of_look(looks: Sequence[int], planned: int) -> float | None:
    """Return the level at which the last look may test; None where everything is spent already.

    Each look may spend what the spending function adds since the look before, whatever the looks' dependence
    (the sum bounds the probability of any false rejection at 5%).

    Args:
        looks: Seeds that each look saw, the last this one's; looks at as many seeds as before count once.
        planned: Seeds of the sequence file when it was first looked at.
    """
    seen = sorted(set(looks))
    if seen[-1] > planned and len(seen) > 1:
        return None
    before = spending(seen[-2] / planned) if len(seen) > 1 else 0.0
    return spending(seen[-1] / planned) - before

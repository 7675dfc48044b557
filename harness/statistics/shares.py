"""How much of the variance that order could explain is order: against the scatter of training runs.

Among rows with the same tasks, F = Q / E₀(Q) with Q the sum of squares of the orders' means about those of
their sets and E₀ its expectation without an effect, under the fitted covariance of the rows. The ratio of
the variances of order and run is (F − 1) / S, and the interval follows from the F-distribution (Searle,
Casella & McCulloch 1992, "Variance Components", section 3.5d; exact where rows share no stage).
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import CONFIDENCE, DECIMALS
from harness.statistics.contrast import Contrasts
from harness.statistics.covariance import RowCovariance
from harness.statistics.order_test import order_form, quadratic_degrees
from harness.statistics.verdict import Interval

FEWEST_DEGREES = 3


class OrderShare(FrozenModel):
    """The share of order in the variance of order and training run together, with its 95% interval.

    Attributes:
        order_sd: Standard deviation between orders of the same tasks, a fraction.
        run_sd: Of a training run.
    """

    share: float
    interval: Interval
    order_sd: float
    run_sd: float
    degrees: tuple[float, float]


def order_share(contrasts: Contrasts, sets: Sequence[tuple[int, ...]]) -> OrderShare | None:
    """Return the share; None with under three degrees of freedom of orders or of runs, or without scatter."""
    covariance, means = contrasts.covariance, contrasts.means
    if not isinstance(covariance, RowCovariance) or not sets or covariance.components.sum() <= 0:
        return None
    form = order_form(len(means), sets)
    expected = covariance.quadratic(form)
    degrees = (quadratic_degrees(form, covariance.matrix), min(expected.degrees, 1e6))
    if min(degrees) < FEWEST_DEGREES - 1e-9:
        return None
    f = float(means @ form @ means) / expected.variance
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = (
        max(0.0, (value - 1) / covariance.seeds)
        for value in (f / stats.f.isf(tail, *degrees), f, f / stats.f.ppf(tail, *degrees))
    )
    run = float(np.trace(covariance.matrix)) / len(means)
    return OrderShare(
        share=round(middle / (1 + middle), DECIMALS),
        interval=Interval(low=round(low / (1 + low), DECIMALS), high=round(high / (1 + high), DECIMALS)),
        order_sd=round(float(np.sqrt(middle * run)), DECIMALS),
        run_sd=round(float(np.sqrt(run)), DECIMALS),
        degrees=(round(degrees[0], 3), round(degrees[1], 3)),
    )

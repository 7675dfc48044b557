"""Spearman's rank correlation of predicted and true numbers, as a mean over items."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.metrics.base import ItemScore, Metric

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]


class Spearman(Metric):
    """Spearman's rho, -1 to 1, ties sharing their mean rank; 0 where one side's numbers are all the same.

    As for `pearson`, an item's score is the pseudo-value rho + IF_i. Its influence has three parts: the
    item's own product of ranks, and how it shifts the ranks of all others on either side (Croux & Dehon 2010,
    https://doi.org/10.1007/s10260-010-0142-z); here with the variances of the ranks, which ties change. The
    influences sum to 0, so the mean of the scores is rho exactly.
    """

    name = "spearman"
    title = "Spearman's rho"
    unit = ""

    def item_scores(self, predictions: Sequence[float], references: Sequence[float]) -> list[ItemScore]:
        """Return each item's pseudo-value."""
        import numpy as np

        sides = [np.asarray(values, dtype=np.float64) for values in (predictions, references)]
        if any(np.ptp(side) == 0 for side in sides):
            return [ItemScore(0.0)] * len(predictions)
        u, v = (_shifts(side, np.ones(len(side)), lower=True) - 0.5 for side in sides)
        covariance, variances = (u * v).mean(), ((u**2).mean(), (v**2).mean())
        influence = u * v + _shifts(sides[0], v) + _shifts(sides[1], u) - 3 * covariance
        scale = np.sqrt(variances[0] * variances[1])
        rho = covariance / scale
        scores = rho + influence / scale
        for side, ranks, variance in zip(sides, (u, v), variances, strict=True):
            scores -= rho / 2 * (ranks**2 + 2 * _shifts(side, ranks) - 3 * variance) / variance
        return [ItemScore(float(score)) for score in scores]


def _shifts(values: "Numbers", weights: "Numbers", *, lower: bool = False) -> "Numbers":
    """Return, of each value, the mean over all items of the weights of greater values, ties counting half.

    Args:
        values: `[items]` numbers.
        weights: `[items]` what is summed.
        lower: Sum over smaller values instead; with weights of 1 these are the ranks, 0 to 1.
    """
    import numpy as np

    _, group = np.unique(values, return_inverse=True)
    sums = np.bincount(group, weights=weights)
    below = np.cumsum(sums) - sums
    beyond = below if lower else sums.sum() - sums - below
    return np.asarray((beyond + sums / 2)[group] / len(values))


METRIC = Spearman()

"""Pearson's correlation of predicted and true numbers, as a mean over items."""

from collections.abc import Sequence

from harness.metrics.base import ItemScore, Metric


class Pearson(Metric):
    """Pearson's r, -1 to 1; 0 where predictions or references are all the same, since nothing is told then.

    r is no mean over items. An item's score is the pseudo-value r + IF_i with the influence function
    IF_i = x_i y_i - r (x_i² + y_i²) / 2 of the standardized x and y (Devlin, Gnanadesikan & Kettenring 1975,
    https://doi.org/10.1093/biomet/62.3.531). The influences sum to 0, so the mean of the scores is r exactly,
    and the variance of that mean is the delta method's variance of r: intervals, bootstraps and paired tests
    over item scores hold for r in large samples (Efron & Tibshirani 1993, chapter 22, the infinitesimal
    jackknife). Near ±1 such intervals are those of r itself, not of Fisher's z.
    """

    name = "pearson"
    title = "Pearson's r"
    unit = ""

    def item_scores(self, predictions: Sequence[float], references: Sequence[float]) -> list[ItemScore]:
        """Return each item's pseudo-value."""
        import numpy as np

        sides = [np.asarray(values, dtype=np.float64) for values in (predictions, references)]
        if any(np.ptp(side) == 0 for side in sides):
            return [ItemScore(0.0)] * len(predictions)
        x, y = ((side - side.mean()) / side.std() for side in sides)
        products = x * y
        r = products.mean()
        return [ItemScore(float(score)) for score in r + products - r * (x**2 + y**2) / 2]


METRIC = Pearson()

"""Differences between rows, and weighted sums of such differences, with their variances.

A contrast is a sum of the rows' averages with weights that add up to zero. Its variance has two parts,
because every seed is scored on every item (Sellam et al. 2022, "The MultiBERTs", section 4,
https://arxiv.org/abs/2106.16163): the training runs', from the covariance of the rows, and the items', which
are drawn as clusters (Miller 2024, "Adding Error Bars to Evals", section 2.2,
https://arxiv.org/abs/2411.00640). What belongs to an item and a run together lies in both and is taken out
of the items' part, so that the variance is that of a mean in the crossed random-effects layout (Searle,
Casella & McCulloch 1992, "Variance Components", section 4.7). Tests and intervals are those of Student's t
with Satterthwaite's degrees of freedom for the sum (Satterthwaite 1946, Biometrics Bulletin 2), so that a
p-value is under 0.05 exactly where the 95% interval leaves out zero.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import stats

from harness.statistics.arrays import CONFIDENCE, DECIMALS, Floats, Indices
from harness.statistics.covariance import ModeratedCovariance, RowCovariance, Scatter, row_covariance
from harness.statistics.heterogeneity import moderated_variances
from harness.statistics.prefixes import PrefixTree

# Differences between rows are multiples of one answer's weight; what is left below this is rounding.
_NO_VARIANCE = 1e-15
# Degrees of freedom above which t is the normal distribution.
_MANY = 1e6


@dataclass(frozen=True)
class Estimates:
    """Several contrasts: estimates, standard errors and degrees of freedom, (contrasts,) each.

    Attributes:
        run_sd: Standard deviation of each contrast between single runs, (contrasts,); zero with one seed.
    """

    difference: Floats
    error: Floats
    degrees: Floats
    run_sd: Floats

    @property
    def p(self) -> Floats:
        """Two-sided p-values, not corrected."""
        return self.p_beyond(0.0)

    def p_beyond(self, margin: float) -> Floats:
        """Return p-values of "the difference is zero", or with a margin of "it is at least so far from zero".

        The second are those of two one-sided tests (Schuirmann 1987, Journal of Pharmacokinetics and
        Biopharmaceutics 15): small where the difference is within the margin.
        """
        some = self.error > 0
        error = np.where(some, self.error, 1.0)
        size = np.abs(self.difference)
        if margin > 0:
            p = stats.t.sf((margin - size) / error, self.degrees)
            return np.where(some, p, np.where(size < margin, 0.0, 1.0))
        p = 2 * stats.t.sf(size / error, self.degrees)
        return np.where(some, p, np.where(size < 10**-DECIMALS, 1.0, 0.0))

    def bounds(self, error: float = 1 - CONFIDENCE) -> tuple[Floats, Floats]:
        """Return the ends of the intervals that miss with a probability of `error` each."""
        half = stats.t.isf(error / 2, self.degrees) * self.error
        return self.difference - half, self.difference + half


@dataclass(frozen=True)
class Contrasts:
    """What contrasts of the rows of one table are estimated from.

    Attributes:
        values: What each cluster of items contributes to a row's average, (rows, seeds, clusters).
        tree: Which rows share stages.
        covariance: Of the rows; None with one seed.
    """

    values: Floats
    tree: PrefixTree
    covariance: RowCovariance | ModeratedCovariance | None

    @classmethod
    def of(cls, values: Floats, tree: PrefixTree) -> "Contrasts":
        """Fit the covariance of all rows."""
        return cls(values, tree, row_covariance(values.mean(axis=2), tree))

    def within(self, rows: tuple[int, ...]) -> "Contrasts":
        """Return the contrasts of some rows, whose scatter is taken from them alone."""
        return Contrasts.of(self.values[list(rows)], self.tree.subset(rows))

    def estimate(self, weights: Floats) -> Estimates:
        """Estimate contrasts, weights (contrasts, rows), each adding up to zero."""
        seeds, clusters = self.values.shape[1:]
        share, raw = self._item_shares(weights)
        items = raw * share / clusters
        if self.covariance is None:
            runs = [Scatter(0.0, np.inf)] * len(weights)
        else:
            runs = self.covariance.contrasts(weights)
        of_runs = np.array([run.variance for run in runs])
        spread = items**2 / (clusters - 1) + of_runs**2 / np.array([run.degrees for run in runs])
        variance = of_runs + items
        degrees = np.where(spread > 0, variance**2 / np.where(spread > 0, spread, 1.0), _MANY)
        return Estimates(
            difference=weights @ self.means,
            error=np.sqrt(variance),
            degrees=np.minimum(degrees, _MANY),
            run_sd=np.sqrt(seeds * of_runs),
        )

    def covariances(self, weights: Floats, *, sharing: bool = True) -> Floats:
        """Return the covariances of the errors of several estimates, (contrasts, contrasts).

        Args:
            weights: (contrasts, rows).
            sharing: Whether rows covary by their shared stages; otherwise they only have their variances.
        """
        total = self.covariances_of_items(weights)
        if self.covariance is not None:
            matrix = self.covariance.matrix
            rows = matrix if sharing else np.diag(np.diag(matrix))
            total = total + weights @ rows @ weights.T / self.values.shape[1]
        return total

    def covariances_of_items(self, weights: Floats) -> Floats:
        """Return the part of `covariances` that comes from the test items."""
        share, _ = self._item_shares(weights)
        scaled = weights * np.sqrt(share)[:, None]
        total: Floats = scaled @ self._between_items @ scaled.T / self.values.shape[2]
        return total

    @property
    def row_covariance(self) -> RowCovariance | None:
        """The fitted covariance; None with one seed or with moderated variances."""
        return self.covariance if isinstance(self.covariance, RowCovariance) else None

    def own_seed_p(self, weights: Floats) -> Floats:
        """Return p-values of t-tests over each contrast's own seeds, (contrasts,); nan with one seed."""
        values = weights @ self.table
        seeds = values.shape[1]
        if seeds < 2:
            return np.full(len(values), np.nan)
        error = values.std(axis=1, ddof=1) / np.sqrt(seeds)
        size = np.abs(values.mean(axis=1))
        # Equal in all seeds to the last answer: no variance to test by.
        some = error > 10**-DECIMALS * 1e-3
        p: Floats = 2 * stats.t.sf(size / np.where(some, error, 1.0), seeds - 1)
        return np.where(some, p, np.where(size < 10**-DECIMALS, 1.0, 0.0))

    def _item_shares(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return which share of each contrast's variance between items stays, and that variance."""
        raw, taken = (
            ((weights @ gram) * weights).sum(axis=1) for gram in (self._between_items, self._within_items)
        )
        some = raw > _NO_VARIANCE
        seeds = self.values.shape[1]
        share = np.where(some, np.maximum(0.0, 1 - taken / (seeds * np.where(some, raw, 1.0))), 0.0)
        return share, raw

    def moderated(self) -> "Contrasts":
        """Return the same contrasts with a variance for each row, for rows that scatter unlike."""
        if self.covariance is None:
            return self
        variances, degrees = moderated_variances(self.table)
        spread = np.sqrt(np.diag(self.covariance.matrix))
        spread[spread == 0] = 1.0  # rows that do not vary are correlated with none
        correlation = self.covariance.matrix / np.outer(spread, spread)
        np.fill_diagonal(correlation, 1.0)
        return replace(
            self, covariance=ModeratedCovariance(variances, correlation, degrees, self.table.shape[1])
        )

    @cached_property
    def means(self) -> Floats:
        """Each row's average, (rows,)."""
        averages: Floats = self.values.mean(axis=(1, 2))
        return averages

    @cached_property
    def table(self) -> Floats:
        """Each run's average, (rows, seeds)."""
        averages: Floats = self.values.mean(axis=2)
        return averages

    @cached_property
    def _between_items(self) -> Floats:
        """Covariances of the rows' means over seeds from item to item, (rows, rows)."""
        means = self.values.mean(axis=1)
        centered = means - means.mean(axis=1, keepdims=True)
        covariances: Floats = centered @ centered.T / (means.shape[1] - 1)
        return covariances

    @cached_property
    def _within_items(self) -> Floats:
        """Interaction mean squares of seeds × items, and their products between rows, (rows, rows)."""
        rows, seeds, clusters = self.values.shape
        if seeds < 2:
            return np.zeros((rows, rows))
        residuals = self.values - self.values.mean(axis=1, keepdims=True)
        residuals -= residuals.mean(axis=2, keepdims=True)
        flat = residuals.reshape(rows, -1)
        products: Floats = flat @ flat.T / ((seeds - 1) * (clusters - 1))
        return products


def pair_weights(rows: int, first: Indices, second: Indices) -> Floats:
    """Return the weights of differences first − second, (pairs, rows)."""
    weights = np.zeros((len(first), rows))
    places = np.arange(len(first))
    weights[places, first] += 1.0
    weights[places, second] -= 1.0
    return weights

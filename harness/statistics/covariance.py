"""How the runs of a table vary together: rows that begin with the same stages share what those stages add.

The average of row r with seed s is μ_r + b_s + Σ_d u(r, d, s) + e(r, s): a seed's effect on all rows, one
for each stage that the row shares with others, and its own. Rows r and r′ of a seed then covary by
V = Σ_d σ_d² [r and r′ share their first d stages] + σ² [r = r′], every row having the same variance.

The components are fitted by restricted maximum likelihood (Patterson & Thompson 1971, Biometrika 58): with
H an orthonormal basis of the contrasts of rows, H Y centered by row holds neither μ nor b, and its products
are Wishart with S − 1 degrees of freedom and scale H V H′. Fisher scoring (Searle, Casella & McCulloch
1992, "Variance Components", section 6.6) on the logarithms of the components, so that none is below zero. A
component whose estimate is zero keeps its uncertainty: Fisher's information is that of all components.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, stats

from harness.statistics.arrays import CONFIDENCE, Floats
from harness.statistics.prefixes import PrefixTree

_ITERATIONS = 100
_CONVERGED = 1e-9
_SMALLEST = 1e-8
_ROUNDING = 1e-13
_GRID = np.linspace(0.0, 0.999, 400)


@dataclass(frozen=True)
class RowCovariance:
    """The fitted covariance of the rows of one seed.

    Attributes:
        matrices: What each component covers, (rows, rows) each, ones on the diagonal; the row's own last.
        components: Their variances, (components,).
        uncertainty: Covariances of the estimates, (components, components).
        seeds: Seeds of the table.
    """

    matrices: tuple[Floats, ...]
    components: Floats
    uncertainty: Floats
    seeds: int

    @cached_property
    def matrix(self) -> Floats:
        """V, (rows, rows), without the part that all rows of a seed share."""
        total: Floats = np.tensordot(self.components, np.stack(self.matrices), axes=1)
        return total

    def quadratic(self, form: Floats) -> "Scatter":
        """Return the expectation of a quadratic form of the rows' means under no effect.

        Satterthwaite's degrees of freedom, 2 v² / var(v) with the variance by the delta method (Giesbrecht &
        Burns 1985, Biometrics 41).

        Args:
            form: Symmetric, (rows, rows); its rows add up to zero.
        """
        gradient = np.array([float((form * matrix).sum()) for matrix in self.matrices])
        return self._scatter(gradient[None])[0]

    def contrasts(self, weights: Floats) -> "list[Scatter]":
        """Return the variance of each contrast of the rows' means over seeds, weights (contrasts, rows)."""
        gradients = [((weights @ matrix) * weights).sum(axis=1) for matrix in self.matrices]
        return self._scatter(np.stack(gradients, axis=1))

    def about_mean(self) -> "Scatter":
        """Return the variance of a row's mean over seeds about that of all rows, as if rows shared no stage.

        What many rows share lies in the mean of all rows too, and is then counted twice: known from few
        seeds only, it would make intervals too short.
        """
        rows = len(self.matrices[0])
        return self._scatter(np.full((1, len(self.matrices)), 1 - 1 / rows))[0]

    def _scatter(self, gradients: Floats) -> "list[Scatter]":
        values = gradients @ self.components
        errors = ((gradients @ self.uncertainty) * gradients).sum(axis=1)
        return [
            Scatter(float(value) / self.seeds, 2 * float(value) ** 2 / float(error) if error > 0 else np.inf)
            for value, error in zip(values, errors, strict=True)
        ]


@dataclass(frozen=True)
class ModeratedCovariance:
    """A covariance with a variance for each row.

    Attributes:
        variances: Of the rows, (rows,).
        correlation: Between them, (rows, rows).
        degrees: Of each variance.
        seeds: Seeds of the table.
    """

    variances: Floats
    correlation: Floats
    degrees: float
    seeds: int

    @cached_property
    def matrix(self) -> Floats:
        """The covariance of the rows of one seed, (rows, rows)."""
        spread = np.sqrt(self.variances)
        matrix: Floats = self.correlation * np.outer(spread, spread)
        return matrix

    def contrasts(self, weights: Floats) -> "list[Scatter]":
        """Return the variance of each contrast of the rows' means over seeds, weights (contrasts, rows)."""
        values = ((weights @ self.matrix) * weights).sum(axis=1) / self.seeds
        parts = ((weights**2 * self.variances / self.seeds) ** 2).sum(axis=1) / self.degrees
        return [
            Scatter(float(value), float(value) ** 2 / float(part) if part > 0 else np.inf)
            for value, part in zip(values, parts, strict=True)
        ]


@dataclass(frozen=True)
class Scatter:
    """A variance that comes from training runs, and the degrees of freedom it was estimated with."""

    variance: float
    degrees: float


@dataclass(frozen=True)
class SharedVariance:
    """The share of a run's variance that lies in stages shared with other rows, with a 95% interval."""

    share: float
    low: float
    high: float


def row_covariance(table: Floats, tree: PrefixTree) -> RowCovariance | None:
    """Fit the covariance of the rows; None with fewer than two seeds or rows.

    Args:
        table: Averages, (rows, seeds).
        tree: Which rows share stages.
    """
    rows, seeds = table.shape
    if seeds < 2 or rows < 2:
        return None
    identity = np.eye(rows)
    mean_square = residual_mean_square(table)
    if not tree.components or mean_square <= 0:
        degrees = (rows - 1) * (seeds - 1)
        spread = np.array([[2 * mean_square**2 / degrees]])
        return RowCovariance((identity,), np.array([mean_square]), spread, seeds)
    matrices = (*tree.components, identity)
    fitted = _Likelihood.of(table, matrices).fit(mean_square)
    return RowCovariance(matrices, *fitted, seeds)


def residual_mean_square(table: Floats) -> float:
    """Return the interaction mean square of a two-way layout without replication, 0 for one row.

    What is left of rows that do not differ is rounding, and 0 too: nothing can be estimated from it.
    """
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return 0.0
    residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    mean_square = float((residuals**2).sum() / ((rows - 1) * (columns - 1)))
    return mean_square if mean_square > (_ROUNDING * np.abs(table).max()) ** 2 else 0.0


@dataclass(frozen=True)
class _Likelihood:
    """The restricted likelihood of components, given the products of centered contrasts.

    Attributes:
        matrices: H A H′ of each component, (rows − 1, rows − 1).
        products: Mean products of the contrasts over seeds, (rows − 1, rows − 1).
        degrees: S − 1.
    """

    matrices: Floats
    products: Floats
    degrees: int

    @classmethod
    def of(cls, table: Floats, matrices: tuple[Floats, ...]) -> "_Likelihood":
        rows, seeds = table.shape
        basis = linalg.helmert(rows)
        centered = basis @ (table - table.mean(axis=1, keepdims=True))
        return cls(
            np.stack([basis @ matrix @ basis.T for matrix in matrices]),
            centered @ centered.T / (seeds - 1),
            seeds - 1,
        )

    def fit(self, scale: float) -> tuple[Floats, Floats]:
        """Return the components and the covariances of their estimates, starting from their sum."""
        count = len(self.matrices)
        logs: Floats = np.log(np.full(count, scale / count))
        value, gradient, information = self._at(logs, scale)
        damping = 1e-3
        for _ in range(_ITERATIONS):
            step = np.linalg.solve(information + damping * np.diag(np.diag(information)), gradient)
            tried: Floats = np.maximum(logs + np.clip(step, -2, 2), np.log(scale * _SMALLEST))
            new = self._at(tried, scale)
            if new[0] < value:
                damping *= 10
                if damping > 1e8:
                    break
                continue
            gain, damping = new[0] - value, damping / 5
            logs, (value, gradient, information) = tried, new
            if gain < _CONVERGED:
                break
        fitted: Floats = np.exp(logs)
        spread = np.linalg.pinv(information / np.outer(fitted, fitted), hermitian=True)
        return fitted, np.asarray(spread, np.float64)

    def _at(self, logs: Floats, scale: float) -> tuple[float, Floats, Floats]:
        """Return the likelihood, its gradient and Fisher's information, in logarithms."""
        components = np.exp(logs)
        total = np.tensordot(components, self.matrices, axes=1)
        factor = np.linalg.cholesky(total)
        inverse = np.linalg.inv(total)
        determinant = 2 * float(np.log(np.diag(factor)).sum())
        solved = np.matmul(inverse, self.matrices) * components[:, None, None]
        residual = inverse @ self.products
        half = self.degrees / 2
        value = -half * (determinant + float(np.trace(residual)))
        traces = np.trace(solved, axis1=1, axis2=2)
        gradient = half * (np.einsum("kij,ji->k", solved, residual) - traces)
        information = half * np.einsum("kij,lji->kl", solved, solved)
        return value, gradient, information


def shared_variance(table: Floats, tree: PrefixTree) -> SharedVariance | None:
    """Estimate how much of a run's variance lies in shared stages; None without any or with one seed.

    The share φ of V = σ² ((1 − φ) I + φ B), B the mean of the components' matrices, by restricted likelihood
    with σ² profiled out; the interval holds what a likelihood-ratio test does not reject (χ², one degree of
    freedom).
    """
    rows, seeds = table.shape
    if seeds < 2 or not tree.components or residual_mean_square(table) <= 0:
        return None
    likelihood = _Likelihood.of(table, (np.mean(tree.components, axis=0),))
    values, vectors = np.linalg.eigh(likelihood.matrices[0])
    squares = np.maximum(((vectors.T @ likelihood.products) * vectors.T).sum(axis=1), 0)
    scales = 1 - _GRID[:, None] + _GRID[:, None] * np.maximum(values, 0)
    degrees = likelihood.degrees * (rows - 1)
    profile = -likelihood.degrees / 2 * np.log(scales).sum(axis=1) - degrees / 2 * np.log(
        (squares / scales).sum(axis=1)
    )
    best = int(profile.argmax())
    inside = np.flatnonzero(2 * (profile[best] - profile) <= stats.chi2.ppf(CONFIDENCE, 1))
    share, low, high = (round(float(_GRID[place]), 3) for place in (best, inside[0], inside[-1]))
    return SharedVariance(share, low, high)

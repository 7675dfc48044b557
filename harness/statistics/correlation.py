"""Rank and product-moment correlations over a few languages, with permutation p-values.

With 5 to 14 languages the usual approximations do not hold, so p-values come from permuting which language
has which value: all permutations up to 7 languages, 9,999 drawn ones above (Good 2005, "Permutation,
Parametric and Bootstrap Tests of Hypotheses").
"""

import itertools
import math
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.statistics.arrays import DECIMALS

Floats = npt.NDArray[np.float64]
DRAWS = 9_999
LANGUAGE_SEED = 20260104
_MOST_ENUMERATED = 7
_TOLERANCE = 1e-9


class Correlation(FrozenModel):
    """A coefficient, −1 to 1, and its two-sided p-value, not corrected for others."""

    value: float
    p: float


Correlations = list[Correlation | None]


def pearson(x: Floats, ys: Floats) -> Correlations:
    """Return Pearson's r of `x`, (n,), with each row of `ys`, (rows, n); None where one is constant."""
    return _correlations(x, ys, lambda values: values - values.mean(axis=-1, keepdims=True))


def spearman(x: Floats, ys: Floats) -> Correlations:
    """Return Spearman's ρ of `x`, (n,), with each row of `ys`, (rows, n); None where one is constant."""
    ranks = stats.rankdata(_tied(ys), axis=1).astype(np.float64)
    return pearson(stats.rankdata(x).astype(np.float64), ranks)


def kendall(x: Floats, ys: Floats) -> Correlations:
    """Return Kendall's τ-b of `x`, (n,), with each row of `ys`, (rows, n); None where one is constant."""
    return _correlations(x, _tied(ys), _pair_signs)


def least_p(languages: int) -> float:
    """Return the p-value of a perfect rank correlation over so many languages, the least there can be."""
    enumerated = languages <= _MOST_ENUMERATED
    return 2 / math.factorial(languages) if enumerated else 1 / (DRAWS + 1)


def _correlations(x: Floats, ys: Floats, vector: Callable[[Floats], Floats]) -> Correlations:
    """Correlate by the cosine of the vectors that stand for a coefficient; reordering keeps their length."""
    own, others = vector(x), vector(ys)
    lengths = np.linalg.norm(own) * np.linalg.norm(others, axis=1)
    constant = lengths <= _TOLERANCE
    others = others / np.where(constant, 1.0, lengths)[:, None]
    observed = others @ own
    orders = _permutations(len(x))
    reached = (np.abs(vector(x[orders]) @ others.T) >= np.abs(observed) * (1 - _TOLERANCE)).sum(axis=0)
    exact = len(x) <= _MOST_ENUMERATED
    p_values = reached / len(orders) if exact else (reached + 1) / (len(orders) + 1)
    return [
        None if nothing else Correlation(value=round(float(value), DECIMALS), p=round(float(p), DECIMALS))
        for nothing, value, p in zip(constant, observed, p_values, strict=True)
    ]


def _pair_signs(values: Floats) -> Floats:
    """Return the sign of each pair's difference along the last axis, (..., n (n − 1) / 2)."""
    first, second = np.triu_indices(values.shape[-1], 1)
    signs: Floats = np.sign(values[..., first] - values[..., second])
    return signs


def _tied(values: Floats) -> Floats:
    """Make means tie that differ in their last bits only."""
    return values.round(12)


@cache
def _permutations(count: int) -> npt.NDArray[np.int64]:
    """Return orders of so many languages, (orders, n): all of them, or drawn ones where they are too many."""
    if count <= _MOST_ENUMERATED:
        return np.array(list(itertools.permutations(range(count))), np.int64)
    random = np.random.RandomState(LANGUAGE_SEED)
    drawn: npt.NDArray[np.int64] = random.random_sample((DRAWS, count)).argsort(axis=1)
    return drawn

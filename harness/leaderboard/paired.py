"""Paired comparison of any two rows of a table, all pairs corrected together.

Two rows answered the same items, so they are compared item by item; an item stands in all its languages
at once. Three tests answer different questions:

- `p`: would the two sequences differ with other training runs and other items? (`contrast`)
- `p_items`: would these very training runs differ on other items? A permutation test: under the null
  hypothesis each item's difference could as well have had the other sign (Noreen 1989,
  "Computer-Intensive Methods for Testing Hypotheses", approximate randomization).
- `p_mcnemar`, with one seed only: the same question by McNemar's test for clustered pairs,
  χ² = (Σ dᵢ)² / Σ dᵢ² with dᵢ the difference of right answers to item i over all languages, one degree of
  freedom; for one language this is McNemar's test without continuity correction (Durkalski et al. 2003,
  "Analysis of clustered matched-pair data", Statistics in Medicine 22).
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from harness.leaderboard.board import Frozen
from harness.leaderboard.contrast import ALPHA, Contrasts, Floats, holm
from harness.leaderboard.interval import DECIMALS, Interval

PERMUTATIONS = 9_999
PERMUTATION_SEED = 20260102
_BLOCK = 500
_TOLERANCE = 1e-9


class PairedComparison(Frozen):
    """Two rows, the better average first: the first's average minus the second's, as a fraction."""

    first: str
    second: str
    difference: float
    interval: Interval
    p: float
    p_holm: float
    p_items: float
    p_mcnemar: float | None

    @property
    def apart(self) -> bool:
        """Whether the rows are told apart after correction for all the comparisons of its list."""
        return self.p_holm < ALPHA


def compare_pairs(
    sequences: tuple[str, ...], correct: npt.NDArray[np.int8], contrasts: Contrasts
) -> tuple[PairedComparison, ...]:
    """Compare all pairs of rows, with Holm's correction over all of them.

    Args:
        sequences: The rows, (R,).
        correct: Right answers, (R, seeds, languages, clusters).
        contrasts: Their contrasts.

    Returns:
        The comparisons, largest difference first.
    """
    means = contrasts.values.mean(axis=(1, 2))
    chosen = sorted(
        itertools.combinations(np.argsort(-means, kind="stable").tolist(), 2),
        key=lambda pair: (-(means[pair[0]] - means[pair[1]]), pair),
    )
    estimates = [contrasts.pair(first, second) for first, second in chosen]
    corrected = holm([estimate.p for estimate in estimates])
    by_items = item_permutation(contrasts.values.mean(axis=1), chosen)
    one_seed = correct.shape[1] == 1
    right = correct[:, 0].sum(axis=1, dtype=np.int64) if one_seed else None
    return tuple(
        PairedComparison(
            first=sequences[first],
            second=sequences[second],
            difference=estimate.difference,
            interval=estimate.interval,
            p=round(estimate.p, DECIMALS),
            p_holm=round(holm_p, DECIMALS),
            p_items=round(p_items, DECIMALS),
            p_mcnemar=None
            if right is None
            else round(clustered_mcnemar(right[first] - right[second]), DECIMALS),
        )
        for (first, second), estimate, holm_p, p_items in zip(
            chosen, estimates, corrected, by_items, strict=True
        )
    )


def corrected_among(comparisons: Sequence[PairedComparison]) -> tuple[PairedComparison, ...]:
    """Return the comparisons with Holm's correction over these alone."""
    corrected = holm([comparison.p for comparison in comparisons])
    return tuple(
        comparison.model_copy(update={"p_holm": round(p, DECIMALS)})
        for comparison, p in zip(comparisons, corrected, strict=True)
    )


def item_permutation(values: Floats, pairs: list[tuple[int, int]]) -> list[float]:
    """Return each pair's two-sided p-value under random signs of the items' differences.

    All pairs see the same signs, so that a pair costs one subtraction: the sum of signed differences is
    the difference of signed sums.

    Args:
        values: What each cluster contributes to each row's average, (rows, clusters).
        pairs: Positions of two rows.
    """
    random = np.random.RandomState(PERMUTATION_SEED)
    clusters = values.shape[1]
    totals = values.sum(axis=1)
    exceeding = np.zeros(len(pairs), np.int64)
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    observed = np.abs(totals[first] - totals[second]) * (1 - _TOLERANCE) - _TOLERANCE
    for start in range(0, PERMUTATIONS, _BLOCK):
        size = min(_BLOCK, PERMUTATIONS - start)
        signs = random.randint(0, 2, size=(size, clusters)) * 2.0 - 1.0
        drawn = signs @ values.T
        for part in range(0, len(pairs), _BLOCK):
            chosen = slice(part, part + _BLOCK)
            differences = np.abs(drawn[:, first[chosen]] - drawn[:, second[chosen]])
            exceeding[chosen] += (differences >= observed[chosen]).sum(axis=0)
    return [float(p) for p in (exceeding + 1) / (PERMUTATIONS + 1)]


def clustered_mcnemar(differences: npt.NDArray[np.int64]) -> float:
    """Return the p-value of McNemar's test, given each item's difference of right answers, (clusters,)."""
    squares = int((differences**2).sum())
    if squares == 0:
        return 1.0
    return float(stats.chi2.sf(int(differences.sum()) ** 2 / squares, 1))

"""Paired comparison of any two rows of a table, all pairs corrected together.

Two rows answered the same items, so they are compared item by item; an item stands in all its languages
at once. Three tests answer different questions:

- `p`: would the two sequences differ with other training runs and other items? (`contrast`)
- `p_items`: would these very training runs differ on other items? A permutation test: under the null
  hypothesis each item's difference could as well have had the other sign (Noreen 1989,
  "Computer-Intensive Methods for Testing Hypotheses", approximate randomization).
- `p_mcnemar`, with one seed and items that are right or wrong: the same question by McNemar's test for
  clustered pairs, χ² = (Σ dᵢ)² / Σ dᵢ² with dᵢ the difference of right answers to item i over all languages,
  one degree of freedom; for one language this is McNemar's test without continuity correction (Durkalski et
  al. 2003, "Analysis of clustered matched-pair data", Statistics in Medicine 22).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.leaderboard.contrast import ALPHA, Contrasts, Floats, Indices, holm
from harness.leaderboard.interval import DECIMALS, Interval
from harness.statistics.item_table import ItemTable

PERMUTATIONS = 9_999
# Above so many nobody reads them one by one, and ranks and tie groups say what they say.
MOST_PAIRS = 20_000
KEPT_PAIRS = 2_000
PERMUTATION_SEED = 20260102
_BLOCK = 500
_TOLERANCE = 1e-9


class PairedComparison(FrozenModel):
    """Two rows, the better average first: the first's average minus the second's."""

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


@dataclass(frozen=True)
class Comparisons:
    """All pairs of rows of a table, corrected together.

    Attributes:
        apart: Which rows are told apart, (R, R).
        pairs: The comparisons, largest difference first: all of them, or those with the best row where there
            are more than `MOST_PAIRS`.
        permuted: The pairs of rows that hold the same tasks in another order, corrected among themselves;
            the `KEPT_PAIRS` of the largest differences where there are more than `MOST_PAIRS`.
        permuted_compared: How many there are in all.
        permuted_apart: How many of these are told apart.
    """

    apart: npt.NDArray[np.bool_] = field(compare=False, repr=False)
    pairs: tuple[PairedComparison, ...]
    permuted: tuple[PairedComparison, ...]
    permuted_compared: int
    permuted_apart: int


def compare_pairs(table: ItemTable, contrasts: Contrasts) -> Comparisons:
    """Compare all pairs of rows of a table, given its contrasts, with Holm's correction over all of them."""
    sequences, orders = table.sequences, table.orders
    first, second = _all_pairs(contrasts.means if table.higher_is_better else -contrasts.means)
    p_values = contrasts.pair_p_values(first, second)
    corrected = np.array(holm(p_values))
    apart = np.zeros((len(sequences), len(sequences)), np.bool_)
    apart[first, second] = apart[second, first] = corrected < ALPHA
    kept = np.arange(len(first)) if len(first) <= MOST_PAIRS else np.flatnonzero(first == first[0])
    sets = {order: number for number, order in enumerate(dict.fromkeys(map(_tasks, orders)))}
    set_of = np.array([sets[_tasks(order)] for order in orders], np.int64)
    same = np.flatnonzero(set_of[first] == set_of[second])
    among = np.array(holm(p_values[same]))
    shown = same if len(same) <= MOST_PAIRS else same[:KEPT_PAIRS]
    wanted = np.union1d(kept, shown)
    described = _described(table, contrasts, first[wanted], second[wanted], p_values[wanted])
    found = dict(zip(wanted.tolist(), described, strict=True))
    return Comparisons(
        apart=apart,
        pairs=_corrected(found, kept, corrected[kept]),
        permuted=_corrected(found, shown, among[: len(shown)]),
        permuted_compared=len(same),
        permuted_apart=int((among < ALPHA).sum()),
    )


def _tasks(order: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(order))


def _all_pairs(goodness: Floats) -> tuple[Indices, Indices]:
    """Return both rows of every pair, the better first, (pairs,) each, largest difference first.

    Args:
        goodness: The rows' averages, negated where lower is better, (R,).
    """
    ranked = np.argsort(-goodness, kind="stable")
    better, worse = np.triu_indices(len(goodness), 1)
    first, second = ranked[better], ranked[worse]
    # lexsort takes its last key first; negated differences put the largest in front.
    order = np.lexsort((second, first, -(goodness[first] - goodness[second])))
    return first[order], second[order]


def _corrected(
    found: Mapping[int, PairedComparison], places: Indices, p_values: Floats
) -> tuple[PairedComparison, ...]:
    return tuple(
        found[place].model_copy(update={"p_holm": round(float(p), DECIMALS)})
        for place, p in zip(places.tolist(), p_values, strict=True)
    )


def _described(
    table: ItemTable,
    contrasts: Contrasts,
    first: Indices,
    second: Indices,
    p_values: Floats,
) -> Iterator[PairedComparison]:
    """Work out intervals and item tests of chosen pairs; none is corrected yet."""
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    by_items = item_permutation(contrasts.values.mean(axis=1), pairs)
    for (one, other), p, p_items in zip(pairs, p_values, by_items, strict=True):
        estimate = contrasts.pair(one, other)
        yield PairedComparison(
            first=table.sequences[one],
            second=table.sequences[other],
            difference=estimate.difference,
            interval=estimate.interval,
            p=round(float(p), DECIMALS),
            p_holm=round(float(p), DECIMALS),
            p_items=round(p_items, DECIMALS),
            p_mcnemar=_mcnemar(table, one, other),
        )


def _mcnemar(table: ItemTable, first: int, second: int) -> float | None:
    if table.numerators.shape[1] != 1 or not table.right_or_wrong:
        return None
    right = table.numerators[[first, second], 0].sum(axis=1, dtype=np.int64)
    return round(clustered_mcnemar(right[0] - right[1]), DECIMALS)


def item_permutation(values: Floats, pairs: list[tuple[int, int]]) -> list[float]:
    """Return each pair's two-sided p-value under random signs of the items' differences.

    Of items so few that there are at most `PERMUTATIONS` ways to sign them, all count: the p-value is exact.
    All pairs see the same signs, so that a pair costs one subtraction: the sum of signed differences is
    the difference of signed sums.

    Args:
        values: What each cluster contributes to each row's average, (rows, clusters).
        pairs: Positions of two rows.
    """
    clusters = values.shape[1]
    exact = 2**clusters <= PERMUTATIONS
    totals = values.sum(axis=1)
    exceeding = np.zeros(len(pairs), np.int64)
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    observed = np.abs(totals[first] - totals[second]) * (1 - _TOLERANCE) - _TOLERANCE
    for signs in _all_signs(clusters) if exact else _random_signs(clusters):
        drawn = signs @ values.T
        for part in range(0, len(pairs), _BLOCK):
            chosen = slice(part, part + _BLOCK)
            differences = np.abs(drawn[:, first[chosen]] - drawn[:, second[chosen]])
            exceeding[chosen] += (differences >= observed[chosen]).sum(axis=0)
    if exact:
        return [float(p) for p in exceeding / 2**clusters]
    return [float(p) for p in (exceeding + 1) / (PERMUTATIONS + 1)]


def _random_signs(clusters: int) -> Iterator[Floats]:
    """Yield `PERMUTATIONS` draws of a sign for each cluster, in blocks (draws, clusters)."""
    random = np.random.RandomState(PERMUTATION_SEED)
    for start in range(0, PERMUTATIONS, _BLOCK):
        size = min(_BLOCK, PERMUTATIONS - start)
        yield random.randint(0, 2, size=(size, clusters)).astype(np.float64) * 2 - 1


def _all_signs(clusters: int) -> Iterator[Floats]:
    """Yield every way to give each cluster a sign, (2^clusters, clusters)."""
    numbers = np.arange(2**clusters)[:, None]
    yield (numbers >> np.arange(clusters) & 1).astype(np.float64) * 2 - 1


def clustered_mcnemar(differences: npt.NDArray[np.int64]) -> float:
    """Return the p-value of McNemar's test, given each item's difference of right answers, (clusters,)."""
    squares = int((differences**2).sum())
    if squares == 0:
        return 1.0
    return float(stats.chi2.sf(int(differences.sum()) ** 2 / squares, 1))

"""Whether order matters at all: a permutation test of the order labels within seed, and an F-test."""

import math
from collections.abc import Iterator
from itertools import permutations

import numpy as np
from scipy import stats

from harness.frozen_model import FrozenModel
from harness.leaderboard.contrast import residual_mean_square
from harness.leaderboard.interval import DECIMALS
from harness.leaderboard.order.scores import Floats, OrderScores

DRAWS = 9_999
ORDER_SEED = 20260103
_MOST_ENUMERATED = 20_000
_BLOCK = 500
_TOLERANCE = 1e-9


class OrderTest(FrozenModel):
    """Tests of "for the same tasks, every order gives the same score", on these test items.

    Attributes:
        orders: Rows compared, each with at least one other of the same tasks.
        p: Of the permutation test.
        exact: Whether all relabellings were counted; otherwise `DRAWS` of them were drawn.
        smallest_p: The least that the permutation test can give with so few seeds and orders.
        f: Mean square of orders over that of training runs; None with one seed.
        f_degrees: Degrees of freedom of both.
        f_p: The p-value of the F-test, which takes training runs as normal with one variance.
    """

    orders: int
    p: float
    exact: bool
    smallest_p: float
    f: float | None
    f_degrees: tuple[int, int] | None
    f_p: float | None


def order_test(scores: OrderScores) -> OrderTest | None:
    """Test for an effect of order on the average over languages; None where no two rows hold the same tasks.

    Under the null hypothesis the runs of one seed with the same tasks are exchangeable, so their labels
    are permuted within seed and set of tasks. The statistic is the sum of squares of the orders' means
    about the mean of their set.
    """
    averages, groups = scores.averages, scores.permuted
    if not groups:
        return None
    seeds = averages.shape[1]
    tables = [averages[list(rows)] for rows in groups]
    relabellings = math.prod(math.factorial(len(rows)) ** (seeds - 1) for rows in groups)
    exact = relabellings <= _MOST_ENUMERATED
    drawn = _enumerated(tables) if exact else np.concatenate(list(_sampled(tables)))
    observed = sum(float(_statistic(table.sum(axis=1))) for table in tables)
    reached = int((drawn >= observed * (1 - _TOLERANCE)).sum())
    p = reached / len(drawn) if exact else (reached + 1) / (len(drawn) + 1)
    f, degrees, f_p = _f_test(averages, tables)
    return OrderTest(
        orders=sum(map(len, groups)),
        p=round(p, DECIMALS),
        exact=exact,
        smallest_p=round(1 / relabellings if exact else 1 / (DRAWS + 1), DECIMALS),
        f=f,
        f_degrees=degrees,
        f_p=f_p,
    )


def _statistic(sums: Floats) -> Floats:
    """Return the sum of squares of sums over seeds about their mean, over the last axis."""
    squares: Floats = ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    return squares


def _enumerated(tables: list[Floats]) -> Floats:
    """Return the statistic of every relabelling; the first seed keeps its labels, only differences count."""
    total = np.zeros(1)
    for table in tables:
        sums = table[:, 0][None]
        labels = np.array(list(permutations(range(len(table)))))
        for seed in range(1, table.shape[1]):
            sums = (sums[:, None] + table[:, seed][labels][None]).reshape(-1, len(table))
        total = (total[:, None] + _statistic(sums)[None]).ravel()
    return total


def _sampled(tables: list[Floats]) -> Iterator[Floats]:
    random = np.random.RandomState(ORDER_SEED)
    for start in range(0, DRAWS, _BLOCK):
        size = min(_BLOCK, DRAWS - start)
        total = np.zeros(size)
        for table in tables:
            labels = random.random_sample((size, *table.shape)).argsort(axis=1)
            total += _statistic(np.take_along_axis(table[None], labels, axis=1).sum(axis=2))
        yield total


def _f_test(
    averages: Floats, tables: list[Floats]
) -> tuple[float | None, tuple[int, int] | None, float | None]:
    rows, seeds = averages.shape
    noise = residual_mean_square(averages)
    if seeds < 2 or noise <= 0:
        return None, None, None
    degrees = (sum(len(table) - 1 for table in tables), (rows - 1) * (seeds - 1))
    f = seeds * sum(float(_statistic(table.mean(axis=1))) for table in tables) / degrees[0] / noise
    return round(f, DECIMALS), degrees, round(float(stats.f.sf(f, *degrees)), DECIMALS)

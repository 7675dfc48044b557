"""95% intervals of averages and of their differences, by a bootstrap over items and seeds.

The quantity estimated is the expected accuracy over the training runs that other seeds would give and
over the items that another sample would hold. Two sources of chance are crossed: every seed is scored
on every item (Sellam et al. 2022, "The MultiBERTs", section 4, the Multi-Bootstrap,
https://arxiv.org/abs/2106.16163). Items are drawn with replacement as clusters: item i stands in every
language at once, because XNLI and PAWS-X are translated; drawing languages independently would make
intervals far too narrow (Miller 2024, "Adding Error Bars to Evals", section 2.2, clustered standard
errors, https://arxiv.org/abs/2411.00640).

Seeds are too few to be drawn with replacement: from 3 seeds a plain Multi-Bootstrap gives an sd that is
too small by √(2/3) and percentiles that ignore how little 3 values tell. The seeds' part is therefore a
parametric bootstrap: their mean square between seeds, pooled over the rows of the table (the two-way
layout rows × seeds, seed as block), scales draws from Student's t with the pooled degrees of freedom.
Pooling assumes that rows scatter alike from seed to seed; each row's own sd stands in the table.
The chance that belongs to an item and a seed together lies in both parts; it is taken out of the items'
part, so that the variance is that of a mean in the crossed random-effects layout,
(MS_items + MS_seeds − MS_residual) / (seeds · items) (Searle, Casella & McCulloch 1992, "Variance
Components", section 4.7).
"""

import itertools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.leaderboard.board import Frozen

REPLICATES = 2000
DRAWS_PER_REPLICATE = 10
CONFIDENCE = 0.95
BOOTSTRAP_SEED = 20260101
_BLOCK = 250
_DECIMALS = 6

Floats = npt.NDArray[np.float64]


class Interval(Frozen):
    """A 95% interval, as a fraction like the estimate it belongs to."""

    low: float
    high: float

    @property
    def covers_zero(self) -> bool:
        """Whether zero lies in the interval, its ends included."""
        return self.low <= 0 <= self.high


class OrderComparison(Frozen):
    """Two sequences of the same tasks in another order: the first's average minus the second's."""

    first: str
    second: str
    difference: float
    interval: Interval

    @property
    def apart(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return not self.interval.covers_zero


@dataclass(frozen=True)
class Correctness:
    """Every answer of the complete rows of one target.

    Attributes:
        sequences: The rows, (R,).
        orders: Their intermediate tasks, (R,).
        correct: 1 where the prediction was right, (R, seeds, languages, clusters); 0 where absent.
        present: Whether a language has the item of a cluster, (languages, clusters).
    """

    sequences: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...]
    correct: npt.NDArray[np.int8]
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TargetUncertainty:
    """Intervals of one target: sequence -> interval; a row without an average has none."""

    averages: dict[str, Interval]
    deltas: dict[str, Interval]
    comparisons: tuple[OrderComparison, ...]


class _Random(Protocol):
    def randint(self, low: int, high: int, size: tuple[int, int]) -> npt.NDArray[np.int64]: ...
    def standard_t(self, df: float, size: tuple[int, int]) -> Floats: ...


@dataclass(frozen=True)
class _SeedNoise:
    """The seeds' part of a standard error, and the degrees of freedom it was estimated with."""

    scale: float
    degrees: float


def estimate(answers: Correctness) -> TargetUncertainty:
    """Return the intervals of averages, of differences to target-only, and between orders.

    All of them use the same drawn items. Deterministic: the random stream is numpy's frozen
    `RandomState` (NEP 19), and bounds are rounded to 6 decimals. With one seed only the items' part
    exists: the intervals then say nothing about other training runs.
    """
    random: _Random = np.random.RandomState(BOOTSTRAP_SEED)
    values = language_mean(answers)
    replicates = _item_replicates(values.mean(axis=1), random)
    noise = _noise_of_averages(values)
    averages = {
        sequence: _interval(values[row], replicates[:, row], noise, random)
        for row, sequence in enumerate(answers.sequences)
    }
    noise = _noise_of_differences(values)

    def difference(first: int, second: int) -> Interval:
        drawn = replicates[:, first] - replicates[:, second]
        return _interval(values[first] - values[second], drawn, noise, random)

    deltas: dict[str, Interval] = {}
    if () in answers.orders:
        baseline = answers.orders.index(())
        deltas = {
            sequence: difference(row, baseline)
            for row, sequence in enumerate(answers.sequences)
            if row != baseline
        }
    means = values.mean(axis=(1, 2))
    comparisons = tuple(
        OrderComparison(
            first=answers.sequences[first],
            second=answers.sequences[second],
            difference=round(float(means[first] - means[second]), _DECIMALS),
            interval=difference(first, second),
        )
        for first, second in permuted_pairs(answers.orders, means)
    )
    return TargetUncertainty(averages, deltas, comparisons)


def language_mean(answers: Correctness) -> Floats:
    """Return what each cluster contributes to a row's average over languages, (R, seeds, clusters).

    Its mean over clusters is the average over languages of each language's accuracy. Where every
    language holds every item it is simply the share of languages answered rightly; where a language
    lacks items, its own deviations are weighted up (the influence function of a mean of ratios).
    """
    languages, clusters = answers.present.shape
    values = np.zeros((*answers.correct.shape[:2], clusters))
    for language in range(languages):
        present = answers.present[language]
        correct = answers.correct[:, :, language, :]
        items = present.sum()
        accuracy = correct.sum(axis=2, keepdims=True, dtype=np.int64) / items
        values += accuracy + (clusters / items) * (correct - accuracy) * present
    mean: Floats = values / languages
    return mean


def permuted_pairs(orders: tuple[tuple[str, ...], ...], means: Floats) -> list[tuple[int, int]]:
    """Return the pairs of rows with the same tasks in another order, the better row first."""
    pairs = [
        (first, second) if means[first] >= means[second] else (second, first)
        for first, second in itertools.combinations(range(len(orders)), 2)
        if orders[first] != orders[second] and sorted(orders[first]) == sorted(orders[second])
    ]
    return sorted(pairs, key=lambda pair: (-(means[pair[0]] - means[pair[1]]), pair))


def _item_replicates(seed_means: Floats, random: _Random) -> Floats:
    """Return each row's mean over clusters drawn with replacement, (REPLICATES, R)."""
    clusters = seed_means.shape[1]
    blocks = []
    for start in range(0, REPLICATES, _BLOCK):
        size = min(_BLOCK, REPLICATES - start)
        drawn = random.randint(0, clusters, size=(size, clusters))
        weights = np.stack([np.bincount(draw, minlength=clusters) for draw in drawn])
        blocks.append(weights.astype(np.float64) @ seed_means.T / clusters)
    return np.concatenate(blocks)


def _noise_of_averages(values: Floats) -> _SeedNoise | None:
    """Scatter of a row's average from seed to seed, pooled over rows within the rows × seeds layout."""
    table = values.mean(axis=2)
    rows, seeds = table.shape
    if seeds < 2:
        return None
    blocks = float(np.var(table.mean(axis=0), ddof=1))
    rest = (rows - 1) / rows * _residual_mean_square(table)
    pooled = blocks + rest
    if pooled <= 0:
        return _SeedNoise(0.0, float(seeds - 1))
    # Satterthwaite's degrees of freedom of a sum of two mean squares
    spread = blocks**2 / (seeds - 1) + (rest**2 / ((rows - 1) * (seeds - 1)) if rows > 1 else 0.0)
    return _SeedNoise(float(np.sqrt(pooled / seeds)), pooled**2 / spread)


def _noise_of_differences(values: Floats) -> _SeedNoise | None:
    """Scatter of the difference of two rows, from what the seeds' blocks leave unexplained."""
    table = values.mean(axis=2)
    rows, seeds = table.shape
    if seeds < 2 or rows < 2:
        return None
    mean_square = _residual_mean_square(table)
    return _SeedNoise(float(np.sqrt(2 * mean_square / seeds)), float((rows - 1) * (seeds - 1)))


def _residual_mean_square(table: Floats) -> float:
    """Return the interaction mean square of a two-way layout without replication (0 for one row)."""
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return 0.0
    residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
    return float((residuals**2).sum() / ((rows - 1) * (columns - 1)))


def _interval(values: Floats, drawn: Floats, noise: _SeedNoise | None, random: _Random) -> Interval:
    """Combine the items' replicates of one estimate with draws for its seeds.

    Args:
        values: What each cluster contributes, (seeds, clusters).
        drawn: The estimate over drawn items, (REPLICATES,).
        noise: The seeds' part, None with one seed.
        random: The random stream.
    """
    center = float(values.mean())
    deviations = drawn - center
    if noise is not None:
        items = values.shape[0] * float(np.var(values.mean(axis=0), ddof=1))
        residual = _residual_mean_square(values)
        deviations = deviations * np.sqrt(max(0.0, 1 - residual / items) if items > 0 else 0.0)
        seeds = noise.scale * random.standard_t(noise.degrees, size=(len(drawn), DRAWS_PER_REPLICATE))
        deviations = (deviations[:, None] + seeds).ravel()
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(center + deviations, [tail, 1 - tail])
    return Interval(low=round(float(low), _DECIMALS), high=round(float(high), _DECIMALS))

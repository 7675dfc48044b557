"""95% intervals of averages and of their differences, by a bootstrap over items and seeds.

The quantity estimated is the expected score over the training runs that other seeds would give and
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

Scores are ratios of sums over items (`ItemTable`). Replicates are means of influence values over the drawn
clusters: for accuracy with every item in every language these are the replicates' own averages, for ratios
of sums their linearization.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.leaderboard.contrast import (
    Contrasts,
    Floats,
    SeedNoise,
    bootstrap_interval,
    item_part,
    residual_mean_square,
)
from harness.leaderboard.interval import Interval
from harness.leaderboard.paired import Comparisons, compare_pairs
from harness.statistics.item_table import ItemTable

REPLICATES = 2000
DRAWS_PER_REPLICATE = 10
BOOTSTRAP_SEED = 20260101
_BLOCK = 250


@dataclass(frozen=True)
class TargetUncertainty:
    """What is known of the chance in one target's table.

    Attributes:
        averages: Sequence -> interval of its average; a row without an average has none.
        deltas: Sequence -> interval of its difference to target-only.
        comparisons: Of pairs of rows.
        sequences: The rows compared.
        orders: The rows' intermediate tasks, in the order of the contrasts' rows.
        contrasts: What further differences of these rows are estimated from.
    """

    averages: dict[str, Interval]
    deltas: dict[str, Interval]
    comparisons: Comparisons
    sequences: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...]
    contrasts: Contrasts = field(compare=False, repr=False)


class _Random(Protocol):
    def randint(self, low: int, high: int, size: tuple[int, int]) -> npt.NDArray[np.int64]: ...
    def standard_t(self, df: float, size: tuple[int, int]) -> Floats: ...


def estimate(table: ItemTable) -> TargetUncertainty:
    """Return the intervals of averages, of differences to target-only, and the comparisons of rows.

    All of them use the same drawn items. Deterministic: the random stream is numpy's frozen
    `RandomState` (NEP 19), and bounds are rounded to 6 decimals. With one seed only the items' part
    exists: the intervals then say nothing about other training runs.
    """
    random: _Random = np.random.RandomState(BOOTSTRAP_SEED)
    values = table.influence_values()
    replicates = _item_replicates(values.mean(axis=1), random)
    averages = _average_intervals(table, values, replicates, random)
    contrasts = _contrasts(values, replicates, random)
    deltas: dict[str, Interval] = {}
    if () in table.orders:
        baseline = table.orders.index(())
        deltas = {
            sequence: contrasts.pair(row, baseline).interval
            for row, sequence in enumerate(table.sequences)
            if row != baseline
        }
    return TargetUncertainty(
        averages=averages,
        deltas=deltas,
        comparisons=compare_pairs(table, contrasts),
        sequences=table.sequences,
        orders=table.orders,
        contrasts=contrasts,
    )


def _average_intervals(
    table: ItemTable, values: Floats, replicates: Floats, random: _Random
) -> dict[str, Interval]:
    noise = _noise_of_averages(values)
    draws = random.standard_t(noise.degrees, size=(REPLICATES, DRAWS_PER_REPLICATE)) if noise else None
    return {
        sequence: bootstrap_interval(
            float(values[row].mean()), replicates[:, row], item_part(values[row])[0], noise, draws
        )
        for row, sequence in enumerate(table.sequences)
    }


def _contrasts(values: Floats, replicates: Floats, random: _Random) -> Contrasts:
    """Pool the scatter of differences from what the seeds' blocks leave unexplained."""
    averages = values.mean(axis=2)
    rows, seeds = averages.shape
    if seeds < 2 or rows < 2:
        return Contrasts(values, replicates, None, 0.0, None)
    degrees = float((rows - 1) * (seeds - 1))
    draws = random.standard_t(degrees, size=(REPLICATES, DRAWS_PER_REPLICATE))
    return Contrasts(values, replicates, residual_mean_square(averages), degrees, draws)


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


def _noise_of_averages(values: Floats) -> SeedNoise | None:
    """Scatter of a row's average from seed to seed, pooled over rows within the rows × seeds layout."""
    averages = values.mean(axis=2)
    rows, seeds = averages.shape
    if seeds < 2:
        return None
    blocks = float(np.var(averages.mean(axis=0), ddof=1))
    rest = (rows - 1) / rows * residual_mean_square(averages)
    pooled = blocks + rest
    if pooled <= 0:
        return SeedNoise(0.0, float(seeds - 1))
    # Satterthwaite's degrees of freedom of a sum of two mean squares
    spread = blocks**2 / (seeds - 1) + (rest**2 / ((rows - 1) * (seeds - 1)) if rows > 1 else 0.0)
    return SeedNoise(float(np.sqrt(pooled / seeds)), pooled**2 / spread)

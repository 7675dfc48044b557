"""How the variance of the scores splits between tasks, order, seeds and languages.

Random-effects analysis of variance of the layout sequences × seeds × languages, with the sequences split
into which tasks they hold and in which order (order nested in the set of tasks). Components are those of
the method of moments: observed mean squares are set equal to their expectations, and negative solutions
to zero (Searle, Casella & McCulloch 1992, "Variance Components", sections 4.3 to 4.7; expectations of
nested mean squares with unequal set sizes from its section 3.6). On balanced data and positive
components this is what restricted maximum likelihood gives.
"""

import math
from collections.abc import Iterable

import numpy as np

from harness.frozen_model import FrozenModel
from harness.leaderboard.interval import DECIMALS
from harness.leaderboard.order.scores import Floats, OrderScores

TASKS, ORDER = "which tasks", "order of the same tasks"
RUN = "training run (sequence × seed)"
_AXES = "rsl"
_NAMES = {
    frozenset("l"): "language",
    frozenset("s"): "seed, alike for all sequences",
    frozenset("rs"): RUN,
    frozenset("rl"): "sequence × language",
    frozenset("sl"): "seed × language",
    frozenset("rsl"): "residual (sequence × seed × language)",
}
Source = tuple[str, frozenset[str]]


class VarianceShare(FrozenModel):
    """One source of variance: its standard deviation in the metric's unit, and its share, 0 to 1."""

    source: str
    sd: float
    share: float


def variance_shares(scores: OrderScores) -> tuple[VarianceShare, ...]:
    """Return the shares of all sources that the layout can estimate; none for a single row.

    A source with one level only (one seed, one language, no set with two orders) is left out, and what it
    would hold lies in those it is crossed with.
    """
    if len(scores.orders) < 2:
        return ()
    components = variance_components(scores)
    positive = {name: max(0.0, value) for name, value in components.items()}
    total = sum(positive.values())
    return tuple(
        VarianceShare(
            source=name,
            sd=round(math.sqrt(value), DECIMALS),
            share=round(value / total, DECIMALS) if total > 0 else 0.0,
        )
        for name, value in positive.items()
    )


def variance_components(scores: OrderScores) -> dict[str, float]:
    """Return source -> variance component, negative ones included."""
    table, sets = scores.scores, scores.sets
    sizes = dict(zip(_AXES, table.shape, strict=True))
    squares: dict[Source, float] = {}
    degrees: dict[Source, int] = {}
    tasks, order = (TASKS, frozenset("r")), (ORDER, frozenset("r"))
    degrees[tasks], degrees[order] = len(sets) - 1, sizes["r"] - len(sets)
    squares[tasks], squares[order] = _nested_squares(table, sets)
    for axes, name in _NAMES.items():
        degrees[name, axes] = math.prod(sizes[axis] - 1 for axis in axes)
        squares[name, axes] = _crossed_squares(table, axes)
    sources = [source for source, free in degrees.items() if free > 0]
    expectations = np.array(
        [[_coefficient(row, column, sizes, sets) for column in sources] for row in sources]
    )
    mean_squares = np.array([squares[source] / degrees[source] for source in sources])
    solved = np.linalg.solve(expectations, mean_squares)
    return {name: float(value) for (name, _), value in zip(sources, solved, strict=True)}


def _nested_squares(table: Floats, sets: Iterable[tuple[int, ...]]) -> tuple[float, float]:
    """Return the sums of squares of sets of tasks and of the orders within them."""
    means, repeats = table.mean(axis=(1, 2)), table.shape[1] * table.shape[2]
    between = within = 0.0
    for rows in sets:
        own = means[list(rows)]
        between += len(rows) * float((own.mean() - means.mean()) ** 2)
        within += float(((own - own.mean()) ** 2).sum())
    return repeats * between, repeats * within


def _crossed_squares(table: Floats, axes: frozenset[str]) -> float:
    """Return the sum of squares of a main effect or an interaction, by inclusion and exclusion."""
    effect = table
    for number, axis in enumerate(_AXES):
        mean = effect.mean(axis=number, keepdims=True)
        effect = effect - mean if axis in axes else np.broadcast_to(mean, effect.shape)
    return float((effect**2).sum())


def _coefficient(
    row: Source, column: Source, sizes: dict[str, int], sets: tuple[tuple[int, ...], ...]
) -> float:
    """Return how often a component is contained in the expectation of a mean square."""
    if not row[1] <= column[1] or (column[0] == TASKS and row[0] != TASKS):
        return 0.0
    repeats = math.prod(size for axis, size in sizes.items() if axis not in column[1])
    if column[0] != TASKS:
        return float(repeats)
    squares = sum(len(rows) ** 2 for rows in sets)
    return repeats * (sizes["r"] - squares / sizes["r"]) / (len(sets) - 1)

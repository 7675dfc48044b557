"""What a task's place does: A before B, each position, and being the last before the target.

Every effect is a contrast of rows that hold the same tasks, so that which tasks were trained does not enter:
the mean of the rows where the condition holds minus the mean of those where it does not, averaged over the
sets of tasks that have both. Effects that a design cannot tell from each other stand together and are tested
once.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

import numpy as np

from harness.frozen_model import FrozenModel
from harness.statistics.aliases import aliased, design_rank
from harness.statistics.arrays import Booleans, Floats
from harness.statistics.contrast import Contrasts
from harness.statistics.verdict import Effect, Family, judge

Order = tuple[str, ...]
Condition = Callable[[Order], bool | None]


class Place(FrozenModel):
    """A task at a place: `before B`, `last` or `at 2 of 3`.

    Attributes:
        reverse: Whether the effect printed is that of the opposite.
        sets: Sets of tasks that it is averaged over.
    """

    task: str
    place: str
    reverse: bool
    sets: int


class PlaceEffect(FrozenModel):
    """Score with a task at a place minus that elsewhere; several places where they are aliased."""

    places: tuple[Place, ...]
    effect: Effect


class PlaceEffects(FrozenModel):
    """The effects of one kind.

    Attributes:
        names: How many there are by name.
        rank: How many of them are independent in this design.
    """

    effects: tuple[PlaceEffect, ...]
    names: int
    rank: int


Case = tuple[str, str, Condition]


def before_cases(orders: tuple[Order, ...]) -> Iterator[Case]:
    """Yield every pair of tasks, as A before B."""
    for first, second in combinations(_tasks(orders), 2):
        yield first, f"before {second}", before(first, second)


def last_cases(orders: tuple[Order, ...]) -> Iterator[Case]:
    """Yield each task as the last before the target, among at least two."""
    for task in _tasks(orders):
        yield task, "last", at(task, -1)


def position_cases(orders: tuple[Order, ...]) -> Iterator[Case]:
    """Yield each task at each position of at least three; with two, `last` says it all."""
    lengths = sorted({len(order) for order in orders if len(order) > 2})
    for task in _tasks(orders):
        for length in lengths:
            for position in range(length):
                yield task, f"at {position + 1} of {length}", at(task, position, length)


def before(first: str, second: str) -> Condition:
    """Return the condition that a task comes before another."""

    def holds(order: Order) -> bool | None:
        return order.index(first) < order.index(second) if first in order and second in order else None

    return holds


def at(task: str, position: int, length: int | None = None) -> Condition:
    """Return the condition that a task stands at a position, of orders of a length or of any."""

    def holds(order: Order) -> bool | None:
        return order[position] == task if task in order and length in (None, len(order)) else None

    return holds


def place_effects(
    orders: tuple[Order, ...],
    cases: Iterable[Case],
    contrasts: Contrasts,
    family: Family,
    collapsed: Booleans,
) -> PlaceEffects:
    """Estimate the effects of one kind; arguments as in `judge`."""
    found = []
    for task, place, condition in cases:
        own, sets = condition_weights(orders, condition)
        if sets:
            found.append((task, place, own, sets))
    if not found:
        return PlaceEffects(effects=(), names=0, rank=0)
    weights: Floats = np.stack([own for _, _, own, _ in found])
    groups = aliased(weights)
    judged = judge(contrasts, weights[[group[0][0] for group in groups]], family, collapsed)
    return PlaceEffects(
        effects=tuple(
            PlaceEffect(
                places=tuple(
                    Place(task=found[n][0], place=found[n][1], reverse=sign < 0, sets=found[n][3])
                    for n, sign in group
                ),
                effect=effect,
            )
            for group, effect in zip(groups, judged, strict=True)
        ),
        names=len(found),
        rank=design_rank(weights),
    )


def _tasks(orders: Iterable[Order]) -> list[str]:
    return list(dict.fromkeys(task for order in orders for task in order))


def condition_weights(orders: tuple[Order, ...], condition: Condition) -> tuple[Floats, int]:
    """Return the rows' weights for a condition, and over how many sets of tasks it is averaged.

    Args:
        orders: The rows.
        condition: Whether it holds for an order; None where the order says nothing about it.
    """
    sets: dict[Order, tuple[list[int], list[int]]] = {}
    for row, order in enumerate(orders):
        if (holds := condition(order)) is not None:
            sets.setdefault(tuple(sorted(order)), ([], []))[0 if holds else 1].append(row)
    weights = np.zeros(len(orders))
    usable = [(with_, without) for with_, without in sets.values() if with_ and without]
    for with_, without in usable:
        weights[with_] = 1 / len(with_) / len(usable)
        weights[without] = -1 / len(without) / len(usable)
    return weights, len(usable)

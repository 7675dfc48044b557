"""What a task's place does: A before B, first to last position, and being the last before the target.

Every effect is a contrast of rows that hold the same tasks, so that which tasks were trained does not
enter: the mean of the rows where the condition holds minus the mean of those where it does not, averaged
over the sets of tasks that have both.
"""

from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np

from harness.frozen_model import FrozenModel
from harness.leaderboard.contrast import ALPHA, Contrasts, Floats, holm
from harness.leaderboard.interval import DECIMALS, Interval

Order = tuple[str, ...]
Condition = Callable[[Order], bool | None]


class PlaceEffect(FrozenModel):
    """Score with a task at a place minus that with it elsewhere.

    Attributes:
        task: The task.
        place: Where it stands: `before B`, `last` or `at 2 of 3`.
        sets: Sets of tasks that the effect is averaged over.
        p_holm: Corrected over the effects of its kind.
    """

    task: str
    place: str
    sets: int
    difference: float
    interval: Interval
    p: float
    p_holm: float

    @property
    def apart(self) -> bool:
        """Whether the effect is told from chance after correction."""
        return self.p_holm < ALPHA


def before_effects(orders: tuple[Order, ...], contrasts: Contrasts) -> tuple[PlaceEffect, ...]:
    """Return the effect of A before B for every pair of tasks that stands in both orders."""
    cases = []
    for first, second in combinations(_tasks(orders), 2):

        def condition(order: Order, a: str = first, b: str = second) -> bool | None:
            return order.index(a) < order.index(b) if a in order and b in order else None

        cases.append((first, f"before {second}", condition))
    return _effects(orders, contrasts, cases)


def last_effects(orders: tuple[Order, ...], contrasts: Contrasts) -> tuple[PlaceEffect, ...]:
    """Return the effect of each task being the last before the target, among at least two."""
    cases = []
    for task in _tasks(orders):

        def condition(order: Order, own: str = task) -> bool | None:
            return order[-1] == own if own in order else None

        cases.append((task, "last", condition))
    return _effects(orders, contrasts, cases)


def position_effects(orders: tuple[Order, ...], contrasts: Contrasts) -> tuple[PlaceEffect, ...]:
    """Return the effect of each task at each position of at least three; with two, `last` says it all."""
    cases = []
    lengths = sorted({len(order) for order in orders if len(order) > 2})
    for task in _tasks(orders):
        for length in lengths:
            for position in range(length):

                def condition(
                    order: Order, own: str = task, at: int = position, n: int = length
                ) -> bool | None:
                    return order[at] == own if own in order and len(order) == n else None

                cases.append((task, f"at {position + 1} of {length}", condition))
    return _effects(orders, contrasts, cases)


def _tasks(orders: Iterable[Order]) -> list[str]:
    return list(dict.fromkeys(task for order in orders for task in order))


def _effects(
    orders: tuple[Order, ...], contrasts: Contrasts, cases: Iterable[tuple[str, str, Condition]]
) -> tuple[PlaceEffect, ...]:
    found = []
    for task, place, condition in cases:
        weights, sets = condition_weights(orders, condition)
        if sets:
            found.append((task, place, sets, contrasts.estimate(weights)))
    corrected = holm([estimate.p for *_, estimate in found])
    return tuple(
        PlaceEffect(
            task=task,
            place=place,
            sets=sets,
            difference=estimate.difference,
            interval=estimate.interval,
            p=round(estimate.p, DECIMALS),
            p_holm=round(p, DECIMALS),
        )
        for (task, place, sets, estimate), p in zip(found, corrected, strict=True)
    )


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

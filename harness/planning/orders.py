"""Orders of intermediate tasks: what `orders:` in a sequence file stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import perm
from random import Random

from harness.config.balanced_design import balanced_rows, shuffled
from harness.config.orders import BalancedOrders, LengthOrders, ListedOrders, SampledOrders
from harness.config.sequence_file import SequenceFile

Order = tuple[str, ...]


def order_lengths(spec: SequenceFile, *, controls: bool = True) -> tuple[int, ...] | None:
    """Return the lengths whose orders are all wanted, ascending, or None for designs that choose.

    Args:
        spec: The sequence file.
        controls: Include the lengths that only `prefixes` adds.
    """
    if spec.orders == "all":
        return tuple(range(len(spec.intermediates) + 1))
    if isinstance(spec.orders, LengthOrders):
        if spec.orders.prefixes and controls:
            return tuple(range(max(spec.orders.lengths) + 1))
        return tuple(sorted(set(spec.orders.lengths)))
    return None


def iterate_orders(spec: SequenceFile) -> Iterator[Order]:
    """Yield every order once: those of the design, or with `prefixes` these and all their beginnings.

    Complete designs and prefixes come by length, short ones first; chosen orders as they were chosen.
    """
    lengths = order_lengths(spec)
    if lengths is not None:
        for length in lengths:
            yield from permutations(spec.intermediates, length)
    elif isinstance(spec.orders, ListedOrders | SampledOrders | BalancedOrders) and spec.orders.prefixes:
        chosen = tuple(design_orders(spec))
        longest = max(len(order) for order in chosen)
        for length in range(longest + 1):
            yield from dict.fromkeys(order[:length] for order in chosen if len(order) >= length)
    else:
        yield from design_orders(spec)


def design_orders(spec: SequenceFile) -> Iterator[Order]:
    """Yield every order of the design once, without the controls that `prefixes` adds."""
    orders, tasks = spec.orders, spec.intermediates
    if isinstance(orders, SampledOrders):
        yield from _sample(tasks, orders.sample, orders.length or len(tasks), Random(orders.seed))
    elif isinstance(orders, BalancedOrders):
        length = orders.length or len(tasks)
        for row in balanced_rows(orders.balanced, len(tasks), length, orders.rows, orders.seed):
            yield tuple(tasks[number] for number in row)
    elif isinstance(orders, ListedOrders):
        yield from dict.fromkeys(orders.listed)
    elif isinstance(orders, tuple):
        yield from dict.fromkeys(orders)
    else:
        for length in order_lengths(spec, controls=False) or ():
            yield from permutations(tasks, length)


def _sample(tasks: Order, count: int, length: int, random: Random) -> Iterator[Order]:
    """Sample different orders, uniformly without replacement."""
    there_are = perm(len(tasks), length)
    if 2 * count > there_are:
        every = list(permutations(tasks, length))
        for number in shuffled(there_are, random)[:count]:
            yield every[number]
        return

    seen: set[Order] = set()
    while len(seen) < count:
        order = tuple(tasks[number] for number in shuffled(len(tasks), random)[:length])
        if order not in seen:
            seen.add(order)
            yield order


@dataclass(frozen=True)
class PlanSize:
    """How much a sequence file asks for, over all seeds."""

    sequences: int
    stages: int
    stages_without_sharing: int


def plan_size(spec: SequenceFile, untrained: int = 0) -> PlanSize:
    """Count sequences and stages; complete designs are counted without building them.

    Of `untrained` targets each order is scored without a stage of the target's own.

    With P(n, k) = n! / (n - k)! orders of k out of n tasks, and L the longest length, the shared
    intermediate stages are the sum of P(n, k) over k = 1..L: each k-order is the prefix of some
    longer one. Each order then has one stage for each target, and one more for each few-shot stage after it.
    """
    targets, seeds = len(spec.targets), len(spec.seeds)
    more = len(spec.few_shot.language) * len(spec.few_shot.k) if spec.few_shot else 0
    lengths = order_lengths(spec)
    if lengths is not None:
        n = len(spec.intermediates)
        orders = sum(perm(n, length) for length in lengths)
        steps = sum(perm(n, length) * (length + 1) for length in lengths)
        shared = sum(perm(n, k) for k in range(1, max(lengths) + 1))
    else:
        chosen = list(iterate_orders(spec))
        orders = len(chosen)
        steps = sum(len(order) + 1 for order in chosen)
        shared = len({order[:k] for order in chosen for k in range(1, len(order) + 1)})
    # Without sharing a sequence still goes on from its target to all of its few-shot stages.
    own = steps * targets if spec.share == "none" else shared + orders * targets
    unmade = orders * untrained
    return PlanSize(
        sequences=orders * targets * (1 + more) * seeds,
        stages=(own + orders * targets * more - unmade) * seeds,
        stages_without_sharing=((steps + more * (steps + orders)) * targets - unmade) * seeds,
    )


def stage_counts(spec: SequenceFile) -> dict[str, int]:
    """Return how many stages train each task, over all seeds; complete designs are counted by formula.

    Of the P(n, k) shared stages at position k, each of the n tasks has P(n - 1, k - 1).
    """
    seeds = len(spec.seeds)
    lengths = order_lengths(spec)
    if lengths is not None:
        n = len(spec.intermediates)
        each = sum(perm(n - 1, k - 1) for k in range(1, max(lengths) + 1))
        if spec.share == "none":
            each = len(spec.targets) * sum(k * perm(n - 1, k - 1) for k in lengths if k)
        counts = dict.fromkeys(spec.intermediates, each)
        orders = sum(perm(n, length) for length in lengths)
    else:
        chosen = list(iterate_orders(spec))
        orders = len(chosen)
        counts = dict.fromkeys(spec.intermediates, 0)
        beginnings = [order[:k] for order in chosen for k in range(1, len(order) + 1)]
        times = len(spec.targets) if spec.share == "none" else 1
        for beginning in beginnings if spec.share == "none" else set(beginnings):
            counts[beginning[-1]] += times
    counts |= dict.fromkeys(spec.targets, orders)
    return {task: count * seeds for task, count in counts.items()}

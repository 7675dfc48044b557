"""Orders of intermediate tasks: what `orders:` in a sequence file stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from math import perm

from harness.spec.sequence_file import LengthOrders, SequenceFile

Order = tuple[str, ...]


def order_lengths(spec: SequenceFile) -> tuple[int, ...] | None:
    """Return the lengths whose orders are all wanted, ascending, or None for an explicit list."""
    if spec.orders == "all":
        return tuple(range(len(spec.intermediates) + 1))
    if isinstance(spec.orders, LengthOrders):
        return tuple(sorted(set(spec.orders.lengths)))
    return None


def iterate_orders(spec: SequenceFile) -> Iterator[Order]:
    """Yield every order once, short ones first, then as the file lists its intermediates."""
    lengths = order_lengths(spec)
    if lengths is None:
        assert not isinstance(spec.orders, LengthOrders | str)
        yield from dict.fromkeys(spec.orders)
        return
    for length in lengths:
        yield from permutations(spec.intermediates, length)


@dataclass(frozen=True)
class PlanSize:
    """How much a sequence file asks for, over all seeds."""

    sequences: int
    stages: int
    stages_without_sharing: int


def plan_size(spec: SequenceFile) -> PlanSize:
    """Count sequences and stages; complete designs are counted without building them.

    With P(n, k) = n! / (n - k)! orders of k out of n tasks, and L the longest length, the shared
    intermediate stages are the sum of P(n, k) over k = 1..L: each k-order is the prefix of some
    longer one. Each order then has one stage for each target.
    """
    targets, seeds = len(spec.targets), len(spec.seeds)
    lengths = order_lengths(spec)
    if lengths is not None:
        n = len(spec.intermediates)
        orders = sum(perm(n, length) for length in lengths)
        steps = sum(perm(n, length) * (length + 1) for length in lengths)
        shared = sum(perm(n, k) for k in range(1, max(lengths) + 1))
    else:
        listed = list(iterate_orders(spec))
        orders = len(listed)
        steps = sum(len(order) + 1 for order in listed)
        shared = len({order[:k] for order in listed for k in range(1, len(order) + 1)})
    return PlanSize(
        sequences=orders * targets * seeds,
        stages=(shared + orders * targets) * seeds,
        stages_without_sharing=steps * targets * seeds,
    )

"""How often a design puts each task into each position, and right after each other task."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import perm

from harness.config.sequence_file import SequenceFile
from harness.planning.orders import design_orders, order_lengths


@dataclass(frozen=True)
class Balance:
    """Counts over the orders of a design, without the controls that `prefixes` adds, for one seed.

    Attributes:
        tasks: The intermediate tasks, in the order of the file.
        orders: Number of orders counted.
        positions: Task -> how often it stands first, second, …; as long as the longest order.
        last: Task -> how often it is the last before the target.
        successions: Task -> task -> how often the second comes right after the first.
    """

    tasks: tuple[str, ...]
    orders: int
    positions: dict[str, tuple[int, ...]]
    last: dict[str, int]
    successions: dict[str, dict[str, int]]

    @property
    def positions_are_even(self) -> bool:
        """Whether each task stands equally often in each position."""
        return len({count for counts in self.positions.values() for count in counts}) <= 1

    @property
    def successions_are_even(self) -> bool:
        """Whether each task comes equally often right after each other task, and never after itself."""
        others = {
            self.successions[first][second]
            for first in self.tasks
            for second in self.tasks
            if first != second
        }
        return len(others) <= 1 and not any(self.successions[task][task] for task in self.tasks)


def balance(spec: SequenceFile) -> Balance:
    """Count a design; complete ones by formula, without building them."""
    lengths = order_lengths(spec, controls=False)
    return _complete(spec.intermediates, lengths) if lengths is not None else _counted(spec)


def _complete(tasks: tuple[str, ...], lengths: tuple[int, ...]) -> Balance:
    """Of the P(n, k) orders of length k, P(n - 1, k - 1) have a given task at a given position.

    A given succession stands at each of k - 1 places in P(n - 2, k - 2) of them.
    """
    n, longest = len(tasks), max(lengths)
    at = [sum(perm(n - 1, k - 1) for k in lengths if k > position) for position in range(longest)]
    last = sum(perm(n - 1, k - 1) for k in lengths if k)
    pair = sum((k - 1) * perm(n - 2, k - 2) for k in lengths if k > 1)
    return Balance(
        tasks,
        sum(perm(n, k) for k in lengths),
        dict.fromkeys(tasks, tuple(at)),
        dict.fromkeys(tasks, last),
        {first: {second: pair if first != second else 0 for second in tasks} for first in tasks},
    )


def _counted(spec: SequenceFile) -> Balance:
    orders = list(design_orders(spec))
    at = Counter((task, position) for order in orders for position, task in enumerate(order))
    last = Counter(order[-1] for order in orders if order)
    pairs = Counter(pair for order in orders for pair in pairwise(order))
    longest = max(len(order) for order in orders)
    tasks = spec.intermediates
    return Balance(
        tasks,
        len(orders),
        {task: tuple(at[task, position] for position in range(longest)) for task in tasks},
        {task: last[task] for task in tasks},
        {first: {second: pairs[first, second] for second in tasks} for first in tasks},
    )

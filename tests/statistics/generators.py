"""Tables of runs with a known truth: designs of shipped files, and ways in which runs vary together."""

import itertools

import numpy as np

RUN_SD = 0.012
COLLAPSED = -0.15  # what a collapsed run loses


def all_orders(tasks, lengths):
    return tuple(order for length in lengths for order in itertools.permutations(tasks, length))


def williams(tasks):
    """Rows of a Williams design: each task equally often after each other; of an odd number twice as many."""
    n = len(tasks)
    first = [0]
    for step in range(1, n):
        first.append((first[-1] + (step if step % 2 else -step)) % n)
    starts = [first] if n % 2 == 0 else [first, [-place % n for place in first]]
    return tuple(
        tuple(tasks[(place + shift) % n] for place in start) for start in starts for shift in range(n)
    )


def with_prefixes(orders):
    found = {order[:length]: None for order in orders for length in range(len(order) + 1)}
    return tuple(sorted(found, key=len))


DESIGNS = {
    "two5": ((), ("a",), ("b",), ("a", "b"), ("b", "a")),
    "full16": all_orders("abc", range(4)),
    "perm24": ((), *all_orders("abcd", [4])),
    "triples157": all_orders("abcdef", range(4)),
    "mixed9": ((), *((t,) for t in "abcd"), *williams("abcd")),
    "six37": with_prefixes(williams("abcdef")),
    "nine154": with_prefixes(williams("abcdefghi")),
    "fan12": ((), ("a",), *(("a", f"b{i}") for i in range(10))),
    "single30": tuple((f"t{i}",) for i in range(30)),
}


def table(rng, orders, seeds=3, *, model=0.0, sd=RUN_SD, tails=None, effects=0.0):
    """Draw averages of runs, (rows, seeds), every row with the same variance and expectation.

    Args:
        rng: numpy's generator.
        orders: The rows.
        seeds: How many.
        model: The share of a run's variance that its first intermediate stage adds; `stages` gives every
            stage of a row, its target's among them, the same variance.
        sd: Of a run.
        tails: Degrees of freedom of t-distributed runs; None for normal ones.
        effects: Added to the rows.
    """
    drawn = {}

    def stage(prefix):
        if prefix not in drawn:
            drawn[prefix] = _noise(rng, seeds, tails)
        return drawn[prefix]

    runs = np.zeros((len(orders), seeds))
    for row, order in enumerate(orders):
        own = _noise(rng, seeds, tails)
        if model == "stages":
            parts = [stage(order[: depth + 1]) for depth in range(len(order))]
            runs[row] = (sum(parts) + own) / np.sqrt(len(order) + 1)
        elif order and model:
            runs[row] = np.sqrt(model) * stage(order[:1]) + np.sqrt(1 - model) * own
        else:
            runs[row] = own
    return 0.6 + sd * runs + np.reshape(effects, (-1, 1)) + rng.normal(0, sd, (1, seeds))


def _noise(rng, seeds, tails):
    if tails is None:
        return rng.normal(size=seeds)
    return rng.standard_t(tails, size=seeds) / np.sqrt(tails / (tails - 2))


def prone(rng, runs, rows, share):
    """Let runs of some rows collapse by chance; returns the table and which runs collapsed."""
    collapsed = np.zeros(runs.shape, bool)
    collapsed[list(rows)] = rng.random((len(rows), runs.shape[1])) < share
    return runs + COLLAPSED * collapsed, collapsed


def inherited(rng, runs, orders, share):
    """Let first stages collapse, and with them all rows that begin with them."""
    firsts = {order[:1]: rng.random(runs.shape[1]) < share for order in orders}
    collapsed = np.array([firsts[order[:1]] for order in orders])
    return runs + COLLAPSED * collapsed, collapsed


def as_values(runs, clusters=2):
    """Give each run's average as contributions of clusters without noise, (rows, seeds, clusters)."""
    return np.repeat(runs[:, :, None], clusters, axis=2)

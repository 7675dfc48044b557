"""Scores simulated from known effects of tasks, order, seeds, languages and training runs."""

import itertools

import numpy as np

from harness.leaderboard.order.scores import OrderScores

TASKS = ("a", "b", "c")


def all_orders(tasks=TASKS, shortest=0):
    return tuple(
        order for length in range(shortest, len(tasks) + 1) for order in itertools.permutations(tasks, length)
    )


def simulated(
    rng,
    orders=None,
    seeds=4,
    languages=5,
    *,
    order=0.0,
    tasks=0.0,
    seed=0.01,
    run=0.01,
    language=0.05,
    rest=0.003,
):
    """Draw scores, (orders, seeds, languages), from normal effects with the given standard deviations."""
    orders = all_orders() if orders is None else orders
    rows = len(orders)
    sets = {key: rng.normal(0, tasks) for key in {tuple(sorted(o)) for o in orders}}
    table = (
        0.6
        + np.array([sets[tuple(sorted(o))] for o in orders])[:, None, None]
        + rng.normal(0, order, (rows, 1, 1))
        + rng.normal(0, seed, (1, seeds, 1))
        + rng.normal(0, language, (1, 1, languages))
        + rng.normal(0, run, (rows, seeds, 1))
        + rng.normal(0, rest, (rows, seeds, languages))
    )
    return OrderScores(tuple(orders), tuple(f"l{i}" for i in range(languages)), table)

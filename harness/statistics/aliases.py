"""Contrasts that a design cannot tell from each other."""

import numpy as np

from harness.statistics.arrays import Floats

_TOLERANCE = 1e-9


def aliased(weights: Floats) -> list[list[tuple[int, int]]]:
    """Group contrasts whose weights are equal up to sign and scale.

    Args:
        weights: (contrasts, rows), none all zero.

    Returns:
        Groups of (contrast, sign relative to the first of its group), each group and the groups in their
        order.
    """
    scaled = weights / np.abs(weights).max(axis=1, keepdims=True)
    groups: dict[tuple[float, ...], list[tuple[int, int]]] = {}
    for number, row in enumerate(scaled):
        first = row[np.flatnonzero(np.abs(row) > _TOLERANCE)[0]]
        sign = 1 if first > 0 else -1
        key = tuple(np.round(sign * row, 9) + 0.0)
        groups.setdefault(key, []).append((number, sign))
    return [[(number, sign * group[0][1]) for number, sign in group] for group in groups.values()]


def design_rank(weights: Floats) -> int:
    """Return how many independent contrasts there are among those given."""
    return int(np.linalg.matrix_rank(weights, tol=1e-8)) if len(weights) else 0

"""Balanced designs of orders: which task stands where, so that positions and successions are evened out.

Every design here is cyclic: a row of task numbers 0 … n - 1 that starts with 0 (a base row) is followed by
the same row with 1, 2, … n - 1 added modulo n. Each task then stands once in each position of every such
block, and a succession a → b occurs as often as the difference b - a occurs in the base row (Bose's method
of differences, https://doi.org/10.1111/j.1469-1809.1939.tb02219.x).
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from math import gcd, perm
from random import Random
from typing import Literal

Design = Literal["latin", "williams"]
Row = tuple[int, ...]

# Designs beyond these sizes are not searched for: the search could take minutes.
MOST_TASKS_OF_SHORT_DESIGN = 12


def block_rows(design: Design, tasks: int, length: int) -> int | None:
    """Return how many rows the smallest balanced design has; designs have multiples of it.

    Args:
        design: `latin`: each task equally often in each position. `williams`: also each task equally often
            right after each other task.
        tasks: How many tasks there are, at least 2.
        length: How many of them a row holds, 1 to `tasks`; at least 2 for `williams`.

    Returns:
        `tasks` for a Latin square; for Williams' designs of full length `tasks` where it is even, twice that
        where it is odd (Williams 1949, https://doi.org/10.1071/CH9490149); None where none is known.
    """
    if design == "latin":
        return tasks
    base = _williams_base(tasks, length)
    return tasks * len(base) if base else None


def most_rows(design: Design, tasks: int, length: int) -> int:
    """Return how many different rows the designs can have together; 0 where there is no design."""
    if design == "latin":
        return tasks * perm(tasks - 1, length - 1)
    return tasks * sum(len(block) for block in _williams_blocks(tasks, length))


def balanced_rows(design: Design, tasks: int, length: int, rows: int | None, seed: int) -> list[Row]:
    """Return a balanced design, each row once.

    Args:
        design: See `block_rows`; likewise `tasks` and `length`.
        tasks: How many tasks.
        length: Tasks of a row.
        rows: How many rows, a multiple of `block_rows` and at most `most_rows`; None: the smallest design.
        seed: Decides which of the designs it is and which task bears which number.

    Returns:
        Rows of task numbers 0 … tasks - 1.
    """
    random = Random(seed)
    wanted = min(rows or block_rows(design, tasks, length) or 0, most_rows(design, tasks, length))
    names = shuffled(tasks, random)
    bases = _latin_bases(tasks, length, random) if design == "latin" else _bases(tasks, length)
    return [
        tuple(names[(task + shift) % tasks] for task in base)
        for base in islice(bases, wanted // tasks)
        for shift in range(tasks)
    ]


def shuffled(size: int, random: Random) -> Row:
    """Return 0 … size - 1 in random order (Fisher and Yates), the same on every version of Python.

    Only `random.random()` is promised to stay the same between versions, not `shuffle` or `sample`.
    """
    numbers = list(range(size))
    for at in range(size - 1, 0, -1):
        other = int(random.random() * (at + 1))
        numbers[at], numbers[other] = numbers[other], numbers[at]
    return tuple(numbers)


def _latin_bases(tasks: int, length: int, random: Random) -> Iterator[Row]:
    """Yield base rows without end, each once as long as there are any; rows of two never coincide."""
    seen: set[Row] = set()
    while True:
        base = (0, *(task + 1 for task in shuffled(tasks - 1, random)[: length - 1]))
        if base not in seen:
            seen.add(base)
            yield base


def _bases(tasks: int, length: int) -> Iterator[Row]:
    for block in _williams_blocks(tasks, length):
        yield from block


@cache
def _williams_blocks(tasks: int, length: int) -> tuple[tuple[Row, ...], ...]:
    """Return designs without common rows.

    Multiplying by a number that has no common divisor with n permutes the differences, so balance stays.
    """
    base = _williams_base(tasks, length)
    blocks: list[tuple[Row, ...]] = []
    seen: set[Row] = set()
    for unit in range(1, tasks):
        block = tuple(tuple(unit * task % tasks for task in row) for row in base)
        if gcd(unit, tasks) == 1 and block and not seen & set(block):
            seen |= set(block)
            blocks.append(block)
    return tuple(blocks)


@cache
def _williams_base(tasks: int, length: int) -> tuple[Row, ...]:
    """Return base rows whose differences are each of 1 … n - 1 equally often; none where none is known."""
    if length == tasks:
        zigzag = tuple((-1) ** (at + 1) * ((at + 1) // 2) % tasks for at in range(tasks))
        mirrored = tuple(-task % tasks for task in zigzag)
        return (zigzag,) if tasks % 2 == 0 else (zigzag, mirrored)
    if tasks > MOST_TASKS_OF_SHORT_DESIGN:
        return ()
    smallest = (tasks - 1) // gcd(tasks - 1, length - 1)
    for count in (smallest, 2 * smallest):
        found = _search(tasks, length, count)
        if found:
            return found
    return ()


def _search(tasks: int, length: int, count: int) -> tuple[Row, ...]:
    """Find `count` different base rows of `length` that use every difference equally often."""
    left = dict.fromkeys(range(1, tasks), count * (length - 1) // (tasks - 1))
    rows: list[list[int]] = [[0]]

    def complete() -> bool:
        if len(rows[-1]) == length:
            # Ascending, so that no row comes twice and no set of rows is tried in another order.
            if len(rows) > 1 and rows[-1] <= rows[-2]:
                return False
            if len(rows) == count:
                return True
            rows.append([0])
            if complete():
                return True
            rows.pop()
            return False
        row = rows[-1]
        for difference, uses in left.items():
            task = (row[-1] + difference) % tasks
            if uses and task not in row:
                left[difference] -= 1
                row.append(task)
                if complete():
                    return True
                row.pop()
                left[difference] += 1
        return False

    return tuple(tuple(row) for row in rows) if complete() else ()

"""Which rows begin with the same trained stages, and which relabelings of rows respect that."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, permutations, product
from math import factorial, prod

import numpy as np

from harness.statistics.arrays import Booleans, Floats, Indices

Path = tuple[Hashable, ...]


@dataclass(frozen=True)
class Shared:
    """Rows that have their first stages in common.

    Attributes:
        depth: How many stages they share.
        rows: At least two rows.
    """

    depth: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class PrefixTree:
    """The rows of a table as paths in the tree of trained stages.

    Attributes:
        paths: Of each row its stages before the last, which is its own. Two rows share a stage of one seed
            where their paths are equal up to it.
    """

    paths: tuple[Path, ...]

    def subset(self, rows: Sequence[int]) -> "PrefixTree":
        """Return the tree of some rows, renumbered."""
        return PrefixTree(tuple(self.paths[row] for row in rows))

    @cached_property
    def shared(self) -> tuple[Shared, ...]:
        """Every group of at least two rows with a common beginning, by depth."""
        groups: dict[Path, list[int]] = {}
        for row, path in enumerate(self.paths):
            for depth in range(1, len(path) + 1):
                groups.setdefault(path[:depth], []).append(row)
        found = [Shared(len(prefix), tuple(rows)) for prefix, rows in groups.items() if len(rows) > 1]
        return tuple(sorted(found, key=lambda group: (group.depth, group.rows)))

    def sharing(self, depth: int) -> Booleans:
        """Return which rows have their first `depth` stages in common, (rows, rows); a row with itself."""
        same = np.eye(len(self.paths), dtype=np.bool_)
        for group in self.shared:
            if group.depth == depth:
                same[np.ix_(group.rows, group.rows)] = True
        return same

    @cached_property
    def components(self) -> tuple[Floats, ...]:
        """The matrices of `sharing` at all depths, (rows, rows) each, that contrasts can distinguish.

        A depth at which no two rows share, or at which the same rows share as at one before, adds none; nor
        does one that all rows share, for it cancels from every contrast.
        """
        found: list[Floats] = []
        for depth in sorted({group.depth for group in self.shared}):
            matrix = self.sharing(depth).astype(np.float64)
            if not matrix.all() and not any(np.array_equal(matrix, other) for other in found):
                found.append(matrix)
        return tuple(found)

    @cached_property
    def automorphisms(self) -> int:
        """In how many ways the rows can be relabeled so that the same rows share as before."""
        return _count(_node(self.paths, range(len(self.paths)), 0))

    def every_relabeling(self) -> Indices:
        """Return all automorphisms: which row's value each row takes, (automorphisms, rows)."""
        top = _node(self.paths, range(len(self.paths)), 0)
        taken = np.empty((self.automorphisms, len(self.paths)), np.int64)
        for number, arrangement in enumerate(_arrangements(top)):
            taken[number, list(top.rows)] = arrangement
        return taken

    def relabelings(self, random: np.random.RandomState, draws: int) -> Indices:
        """Draw automorphisms uniformly: which row's value each row takes, (draws, rows).

        Whole blocks of rows that begin alike change places with blocks of the same shape, and so on within
        them (whole-block exchangeability: Winkler et al. 2015, "Multi-level block permutation", NeuroImage
        123,
        https://doi.org/10.1016/j.neuroimage.2015.05.092).
        """
        taken = np.tile(np.arange(len(self.paths)), (draws, 1))
        _shuffle(_node(self.paths, range(len(self.paths)), 0), taken, random)
        return taken


@dataclass(frozen=True)
class _Node:
    """A node of the tree: `rows` in the order of its classes of children with the same shape."""

    rows: tuple[int, ...]
    classes: tuple[tuple["_Node", ...], ...]
    shape: tuple[object, ...]


def _node(paths: Sequence[Path], rows: Sequence[int], depth: int) -> _Node:
    """Return the subtree of rows that are equal in their first `depth` stages."""
    children: dict[Path, list[int]] = {}
    for row in rows:
        # A row that ends here is a leaf of its own: its last stage is shared with none.
        key = paths[row][depth : depth + 1] or ((), row)
        children.setdefault(key, []).append(row)
    nodes = [
        _Node((own[0],), (), (len(paths[own[0]]) - depth,)) if len(own) == 1 else _node(paths, own, depth + 1)
        for own in children.values()
    ]
    classes: dict[tuple[object, ...], list[_Node]] = {}
    for node in nodes:
        classes.setdefault(node.shape, []).append(node)
    ordered = sorted(classes.items(), key=lambda item: repr(item[0]))
    return _Node(
        rows=tuple(row for _, alike in ordered for node in alike for row in node.rows),
        classes=tuple(tuple(alike) for _, alike in ordered),
        shape=tuple((shape, len(alike)) for shape, alike in ordered),
    )


def _count(node: _Node) -> int:
    return prod(factorial(len(alike)) * prod(_count(child) for child in alike) for alike in node.classes)


def _shuffle(node: _Node, taken: Indices, random: np.random.RandomState) -> None:
    """Shuffle the children of each class in place; their rows stand in the same order within each."""
    for alike in node.classes:
        for child in alike:
            _shuffle(child, taken, random)
        if len(alike) > 1:
            places = np.array([child.rows for child in alike])
            order = random.random_sample((len(taken), len(alike))).argsort(axis=1)
            blocks = taken[:, places]
            taken[:, places] = np.take_along_axis(blocks, order[:, :, None], axis=1)


def _arrangements(node: _Node) -> Iterator[tuple[int, ...]]:
    """Yield for every automorphism which rows stand in the places of `node.rows`."""
    if not node.classes:
        yield node.rows
        return
    choices = [
        [
            tuple(chain.from_iterable(picked))
            for order in permutations(alike)
            for picked in product(*(tuple(_arrangements(child)) for child in order))
        ]
        for alike in node.classes
    ]
    for combination in product(*choices):
        yield tuple(chain.from_iterable(combination))

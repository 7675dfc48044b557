"""Steps and what they wait for, as the scheduler knows them: names, edges and expected times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A step.

    Attributes:
        key: Its name, distinct from all others.
        dependencies: Names of the steps that must be finished first.
        seconds: Expected duration.
    """

    key: str
    dependencies: tuple[str, ...] = ()
    seconds: float = 1.0


def children(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """Return for each step those that wait for it."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        found.setdefault(node.key, [])
        for before in node.dependencies:
            found.setdefault(before, []).append(node.key)
    return found


def remaining_seconds(nodes: Mapping[str, Node]) -> dict[str, float]:
    """Return for each step the expected time of the longest path that begins with it (its bottom level).

    Args:
        nodes: Name -> step; dependencies that are not among them are taken for finished.
    """
    waiting = dict.fromkeys(nodes, 0)
    for node in nodes.values():
        for before in node.dependencies:
            if before in waiting:
                waiting[before] += 1
    found: dict[str, float] = {}
    longest = dict.fromkeys(nodes, 0.0)
    ends = [key for key, count in waiting.items() if not count]
    while ends:
        key = ends.pop()
        found[key] = nodes[key].seconds + longest[key]
        for before in nodes[key].dependencies:
            if before in waiting:
                longest[before] = max(longest[before], found[key])
                waiting[before] -= 1
                if not waiting[before]:
                    ends.append(before)
    return found


def least_seconds(nodes: Mapping[str, Node], workers: int) -> float:
    """Return a time that no schedule can be below: that of the longest path, or of all work shared evenly."""
    path = max(remaining_seconds(nodes).values(), default=0.0)
    return max(path, sum(node.seconds for node in nodes.values()) / workers)

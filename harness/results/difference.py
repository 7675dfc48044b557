"""Differences between what was published and what was recomputed, each with its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LENGTH = 160
_NAMES = (("sequence",), ("first", "second"), ("task", "place"), ("svg",), ("target",))


@dataclass(frozen=True)
class Difference:
    """One place: file, row and column, with both values as text."""

    file: str
    row: str
    column: str
    published: str
    recomputed: str


def display(value: object) -> str:
    """Return a value as one short text."""
    text = "none" if value is None else str(value)
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1] + "…"


def count_numbers(tree: Any) -> int:
    """Count the numbers in a JSON value."""
    if isinstance(tree, dict):
        return sum(map(count_numbers, tree.values()))
    if isinstance(tree, list):
        return sum(map(count_numbers, tree))
    return int(isinstance(tree, int | float) and not isinstance(tree, bool))


def compare_trees(file: str, published: Any, recomputed: Any, column: str, row: str = "") -> list[Difference]:
    """Compare two JSON values leaf by leaf; elements of lists are matched by the names they carry."""
    if isinstance(published, dict) and isinstance(recomputed, dict):
        return [
            difference
            for key in {**recomputed, **published}
            for difference in compare_trees(
                file, published.get(key), recomputed.get(key), f"{column}.{key}".lstrip("."), row
            )
        ]
    if isinstance(published, list) and isinstance(recomputed, list):
        return list(_compare_lists(file, published, recomputed, column, row))
    if published == recomputed and type(published) is type(recomputed):
        return []
    return [Difference(file, row, column, display(published), display(recomputed))]


def _compare_lists(
    file: str, published: list[Any], recomputed: list[Any], column: str, row: str
) -> Iterator[Difference]:
    old, new = _named(published), _named(recomputed)
    if list(old) != list(new):
        yield Difference(file, row, f"{column}: order", display(", ".join(old)), display(", ".join(new)))
    for name in {**new, **old}:
        named = not name.isdigit()
        place = ": ".join(filter(None, (row, name))) if named else row
        inner = "" if named else f"{column}.{name}"
        yield from compare_trees(file, old.get(name), new.get(name), inner, place)


def _named(elements: list[Any]) -> dict[str, Any]:
    return {_name(element) or str(number): element for number, element in enumerate(elements)}


def _name(element: Any) -> str | None:
    if not isinstance(element, dict):
        return None
    for keys in _NAMES:
        if all(key in element for key in keys):
            return " / ".join(str(element[key]) for key in keys)
    return None

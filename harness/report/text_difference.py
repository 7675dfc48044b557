"""Differences between a rendered file and what it should say."""

import difflib

from harness.report.table import Table
from harness.results.difference import Difference, display


def compare_texts(file: str, published: str, recomputed: str) -> list[Difference]:
    """Compare line by line; a table's line is compared cell by cell and named by its row and column."""
    if published == recomputed:
        return []
    old, new = published.splitlines(), recomputed.splitlines()
    differences: list[Difference] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(max(end - start, new_end - new_start)):
            line = old[start + offset] if start + offset < end else None
            other = new[new_start + offset] if new_start + offset < new_end else None
            differences += _line(file, start + offset, line, other, _header(new, new_start + offset))
    return differences or [Difference(file, "", "line ends", "other", "one newline after each line")]


def _line(file: str, number: int, old: str | None, new: str | None, header: list[str]) -> list[Difference]:
    cells, others = Table.cells(old or ""), Table.cells(new or "")
    if cells and len(cells) == len(others) == len(header):
        name = others[header.index("order")] if "order" in header else others[0]
        return [
            Difference(file, name, column, display(cell), display(other))
            for column, cell, other in zip(header, cells, others, strict=True)
            if cell != other
        ] or [Difference(file, name, "spacing", display(old), display(new))]
    return [Difference(file, f"line {number + 1}", "text", display(old), display(new))]


def _header(lines: list[str], number: int) -> list[str]:
    """Return the header cells of the table that a line belongs to."""
    top = min(number, len(lines) - 1)
    while top > 0 and lines[top].startswith("|") and lines[top - 1].startswith("|"):
        top -= 1
    return Table.cells(lines[top]) if lines else []

"""Tables of plain text."""

from collections.abc import Sequence

from tabulate import tabulate


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equally many cells as lines: the first column to the left, the others to the right."""
    align = ["left", *["right"] * (len(rows[0]) - 1)]
    return tabulate(rows, tablefmt="plain", colalign=align, disable_numparse=True)

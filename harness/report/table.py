"""Tables as they are shown, written as markdown or plain text by tabulate."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from harness.results.board import EvaluatedLanguage


@dataclass(frozen=True)
class Table:
    """Headers and cells as they are shown; the columns named in `left` are aligned to the left."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[str] = frozenset({"order", "ties", "verdict"})

    def render(self, style: str = "pipe") -> str:
        """Return the text of the table in one of tabulate's styles."""
        align = ["left" if header in self.left else "right" for header in self.headers]
        return tabulate(self.rows, self.headers, tablefmt=style, colalign=align, disable_numparse=True)

    def plain(self) -> "Table":
        """Return the table without bold cells."""
        rows = tuple(tuple(map(without_bold, row)) for row in self.rows)
        return Table(self.headers, rows, self.left)

    @staticmethod
    def cells(line: str) -> list[str]:
        """Split a line of a markdown table into its cells; a line of another kind has none."""
        if not line.startswith("|"):
            return []
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]

    def columns(self, start: int, end: int) -> "Table":
        """Return a part of the table: the first two columns, and those from `start` to `end`."""
        return self.chosen(range(max(2, start), end))

    def chosen(self, columns: Iterable[int]) -> "Table":
        """Return a part of the table: the first two columns, and those at the given places."""
        keep = [0, 1, *columns]
        return Table(
            tuple(self.headers[i] for i in keep),
            tuple(tuple(row[i] for i in keep) for row in self.rows),
            self.left,
        )


def column_names(columns: Sequence[EvaluatedLanguage]) -> tuple[str, ...]:
    """Return the language codes, or the tasks' names where a language occurs in two corpora."""
    codes = tuple(column.language for column in columns)
    return codes if len(set(codes)) == len(codes) else tuple(column.task for column in columns)


def without_bold(cell: str) -> str:
    """Return a cell without the marks of bold markdown."""
    bold = re.fullmatch(r"\*\*(.*)\*\*", cell)
    return bold.group(1) if bold else cell

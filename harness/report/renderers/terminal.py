"""The leaderboard at the end of a run, in a width that a terminal has."""

import shutil

from harness.report.publication import Publication, compile_publication
from harness.report.table import Table, target_table
from harness.results.board import Board
from harness.results.shown_name import plain

_FIXED_COLUMNS = 2


def render_terminal(content: Board | Publication, width: int | None = None) -> str:
    """Return each target's finding and table as plain text.

    Args:
        content: What `publish` returned, or a board alone, which then has no intervals.
        width: Columns of the terminal; asked of the terminal itself when None. A wider table is
            continued below, with rank and order repeated.
    """
    publication = content if isinstance(content, Publication) else compile_publication(content, None)
    columns = width or max(80, shutil.get_terminal_size((120, 24)).columns)
    blocks = [plain(publication.board.title)]
    for table, finding in zip(publication.targets, publication.findings, strict=True):
        blocks += split(target_table(table, markup=False), columns)
        blocks.append(f"{table.target}: {' '.join(finding.sentences)}")
    return "\n\n".join(blocks)


def split(table: Table, width: int) -> list[str]:
    """Cut a table between columns into parts that fit; a part keeps at least one column of its own."""
    parts = []
    start = _FIXED_COLUMNS
    while start < len(table.headers):
        end = start + 1
        while end < len(table.headers) and _width(table.columns(start, end + 1)) <= width:
            end += 1
        parts.append(table.columns(start, end).render("simple"))
        start = end
    return parts


def _width(table: Table) -> int:
    return max(map(len, table.render("simple").splitlines()))

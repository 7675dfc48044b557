"""A leaderboard as plain text, in a width that a terminal has."""

import shutil
from collections.abc import Iterator

from harness.report.blocks import Block, Bullets, Callout, Heading, Markup, Paragraph, Tabular
from harness.report.publication import Publication, compile_publication
from harness.report.renderers.walk import board_blocks, target_blocks
from harness.report.table import Table
from harness.results.board import Board
from harness.results.shown_name import plain

_FIXED_COLUMNS = 2


def render_terminal(content: Board | Publication, width: int | None = None, *, brief: bool = True) -> str:
    """Return each target's sections as plain text.

    Args:
        content: What `publish` returned, or a board alone, which then has no intervals.
        width: Columns of the terminal; asked of the terminal itself when None. A wider table is
            continued below, with rank and order repeated.
        brief: Whether only what the end of a run shows is wanted, not all sections.
    """
    publication = content if isinstance(content, Publication) else compile_publication(content, None)
    columns = width or max(80, shutil.get_terminal_size((120, 24)).columns)
    parts = [plain(publication.board.title)]
    if publication.board.question:
        parts.append(f"Question: {plain(publication.board.question)}")
    for target in publication.board.targets:
        parts.append(f"{target}:")
        for _, blocks in target_blocks(publication, target, brief=brief):
            parts += _rendered(blocks, columns)
    for _, blocks in board_blocks(publication, brief=brief):
        parts += _rendered(blocks, columns)
    return "\n\n".join(parts)


def _rendered(blocks: list[Block], width: int) -> Iterator[str]:
    """Yield the texts of blocks; markdown is for pages, and so is a section that has nothing else."""
    if all(isinstance(block, Heading | Markup) for block in blocks):
        return
    for block in blocks:
        match block:
            case Heading(text):
                yield text
            case Paragraph(text, label):
                yield f"{label}: {text}" if label else text
            case Bullets(items):
                yield "\n".join(f"- {item}" for item in items)
            case Callout(title, items):
                yield "\n".join([title.replace("**", ""), *(f"- {item}" for item in items)])
            case Tabular(table, title, folded):
                if folded:
                    yield title
                yield from split(table.plain(), width)
            case Markup():
                pass


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
    return parts or [table.render("simple")]


def _width(table: Table) -> int:
    return max(map(len, table.render("simple").splitlines()))

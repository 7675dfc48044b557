"""The markdown page of a leaderboard: the same publication gives the same bytes."""

from collections.abc import Iterable, Iterator
from typing import Any

from harness.report.blocks import Block, Bullets, Callout, Heading, Markup, Paragraph, Tabular
from harness.report.notation import details, inline
from harness.report.publication import Publication
from harness.report.renderers.walk import board_blocks, target_blocks
from harness.report.section import Section


def render_page(publication: Publication, *, cut: bool = True) -> str:
    """Return the whole page: its head, each target's sections, then those of the whole leaderboard.

    Args:
        publication: The leaderboard.
        cut: Whether wide tables are cut into several, for readers that do not scroll.
    """
    parts = [*_head(publication)]
    for target in publication.board.targets:
        said = publication.board.trained_and_scored(target)
        parts += [f"## {inline(target)}", f"{said[0].upper()}{inline(said[1:])}."]
        parts += _sections(publication, target_blocks(publication, target), target, cut=cut)
    parts += _sections(publication, board_blocks(publication), None, cut=cut)
    return "\n\n".join(parts) + "\n"


def _head(publication: Publication) -> Iterator[str]:
    board = publication.board
    yield f"# {inline(board.title)}"
    if board.question:
        yield f"**Question:** {inline(board.question)}"
    if board.note:
        yield f"> **Note:** {inline(board.note)}"
    if board.trial_note is not None:
        yield f"> **LIMITED:** {inline(board.trial_note)}"


def _sections(
    publication: Publication,
    sections: Iterable[tuple[Section[Any], list[Block]]],
    target: str | None,
    *,
    cut: bool,
) -> Iterator[str]:
    for section, blocks in sections:
        for block in blocks:
            yield from _rendered(block, cut=cut)
        for picture in publication.pictures:
            if (picture.section, picture.target) == (section.name, target):
                yield f"![{inline(picture.text)}]({picture.svg})\n\n[PNG]({picture.png})"


def _rendered(block: Block, *, cut: bool) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {inline(text)}"
        case Paragraph(text, label):
            yield f"**{label}:** {inline(text)}" if label else inline(text)
        case Bullets(items):
            yield "\n".join(f"- {inline(item)}" for item in items)
        case Callout(title, items):
            yield "\n".join([f"> {title}", ">", *(f"> - {inline(item)}" for item in items)])
        case Tabular(table, title, folded=True):
            yield details(title, table.render())
        case Tabular(table, cuts=cuts) if cut and cuts:
            yield from (table.columns(start, end).render() for start, end in cuts)
        case Tabular(table):
            yield table.render()
        case Markup(text):
            yield text

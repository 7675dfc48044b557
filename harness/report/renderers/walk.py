"""The sections that a leaderboard has something in, in the order of its page."""

from collections.abc import Iterator
from typing import Any

from harness.report.blocks import Block
from harness.report.publication import Publication
from harness.report.section import BoardSection, Section, TargetSection

Walk = Iterator[tuple[Section[Any], list[Block]]]


def target_blocks(publication: Publication, target: str, *, brief: bool = False) -> Walk:
    """Yield each section of a target with its blocks.

    Args:
        publication: The leaderboard.
        target: The target.
        brief: Whether only the brief sections are wanted.
    """
    for section in publication.shown():
        if isinstance(section, TargetSection) and section.brief >= brief:
            data = publication.of(section, target)
            if data is not None:
                yield section, list(section.blocks(data, publication, target))


def board_blocks(publication: Publication, *, above: bool = False, brief: bool = False) -> Walk:
    """Yield each section of the whole leaderboard with its blocks.

    Args:
        publication: The leaderboard.
        above: Whether those above the targets are wanted, or those below.
        brief: Whether only the brief sections are wanted.
    """
    for section in publication.shown():
        if isinstance(section, BoardSection) and section.above == above and section.brief >= brief:
            data = publication.once(section)
            if data is not None:
                yield section, list(section.blocks(data, publication))

"""The pictures that the sections of a leaderboard have, and their files."""

import hashlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.publication import Picture, Publication
from harness.report.section import BoardSection, Drawable, TargetSection


@dataclass(frozen=True)
class Drawing:
    """A picture with the bytes of its files."""

    picture: Picture
    svg: bytes
    png: bytes


def draw_pictures(publication: Publication) -> list[Drawing]:
    """Draw all pictures of a leaderboard that have something to show.

    Their files are `NAME.TARGET.KIND.svg` and `.png`; `NAME.KIND.svg` where they are of no target.
    """
    from harness.report.pictures.style import drawn

    drawings = []
    for section, target, drawable in _drawables(publication):
        figures = drawn(drawable.draw)
        if figures is not None:
            svg, png = figures
            middle = "" if target is None else f".{re.sub(r'[^A-Za-z0-9_-]', '-', target)}"
            stem = f"{publication.board.name}{middle}.{drawable.kind}"
            picture = Picture(
                section=section,
                target=target,
                text=drawable.text,
                svg=f"{stem}.svg",
                png=f"{stem}.png",
                svg_sha256=hashlib.sha256(svg).hexdigest(),
                png_sha256=hashlib.sha256(png).hexdigest(),
            )
            drawings.append(Drawing(picture, svg, png))
    return drawings


def drawing_software() -> str:
    """Return what the bytes of a picture depend on apart from its content."""
    import matplotlib as mpl
    from matplotlib import ft2font

    return f"matplotlib {mpl.__version__}, FreeType {ft2font.__freetype_version__}, {platform.machine()}"


def _drawables(publication: Publication) -> Iterator[tuple[str, str | None, Drawable]]:
    for section in publication.shown():
        if isinstance(section, TargetSection):
            for target in publication.board.targets:
                if (data := publication.of(section, target)) is not None:
                    for drawable in section.pictures(data, publication, target):
                        yield section.name, target, drawable
        elif isinstance(section, BoardSection) and (whole := publication.once(section)) is not None:
            for drawable in section.pictures(whole, publication):
                yield section.name, None, drawable

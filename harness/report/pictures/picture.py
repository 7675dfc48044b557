"""Which pictures a leaderboard has, and their files."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from harness.frozen_model import FrozenModel
from harness.report.pictures.before_matrix import draw_before_matrix
from harness.report.pictures.forest import draw_forest
from harness.report.pictures.heat_map import draw_heat_map
from harness.report.pictures.style import MOST_ROWS, drawn
from harness.report.sections.order.analysis import OrderAnalysis
from harness.report.sections.target_statistics import TargetStatistics


class Picture(FrozenModel):
    """A picture beside the page, as SVG and PNG, with the sha256 of both files."""

    target: str
    text: str
    svg: str
    png: str
    svg_sha256: str
    png_sha256: str


@dataclass(frozen=True)
class Drawing:
    """A picture with the bytes of its files."""

    picture: Picture
    svg: bytes
    png: bytes


def draw_pictures(
    name: str, tables: tuple[TargetStatistics, ...], analyses: tuple[OrderAnalysis, ...]
) -> list[Drawing]:
    """Draw all pictures of a leaderboard that have something to show.

    Args:
        name: The leaderboard's; its files are `NAME.TARGET.KIND.svg` and `.png`.
        tables: The targets' tables.
        analyses: Their analyses of order.
    """
    drawings = []
    for table, analysis in zip(tables, analyses, strict=True):
        for kind, text, draw in _kinds(table, analysis):
            figures = drawn(draw)
            if figures is not None:
                stem = f"{name}.{re.sub(r'[^A-Za-z0-9_-]', '-', table.target)}.{kind}"
                drawings.append(_drawing(stem, table.target, text, *figures))
    return drawings


def _kinds(
    table: TargetStatistics, analysis: OrderAnalysis
) -> Iterator[tuple[str, str, Callable[[], Figure | None]]]:
    target = table.target
    complete = sum(row.average is not None for row in table.rows)
    best = f"; the best {MOST_ROWS} of {complete}" if complete > MOST_ROWS else ""
    yield (
        "forest",
        f"Averages of the sequences before {target}, with 95% intervals{best}",
        partial(draw_forest, table),
    )
    yield (
        "deltas",
        f"{_above(table)} training on {target} alone, by sequence and language{best}",
        partial(draw_heat_map, table),
    )
    yield (
        "before",
        f"Effect of training one task before another, then {target}; a star: significant (exploratory)",
        partial(draw_before_matrix, analysis.before, table.metrics[0]),
    )


def _above(table: TargetStatistics) -> str:
    unit = table.metrics[0].scale.unit or table.metrics[0].noun
    return f"{unit[0].upper()}{unit[1:]} above"


def _drawing(stem: str, target: str, text: str, svg: bytes, png: bytes) -> Drawing:
    picture = Picture(
        target=target,
        text=text,
        svg=f"{stem}.svg",
        png=f"{stem}.png",
        svg_sha256=hashlib.sha256(svg).hexdigest(),
        png_sha256=hashlib.sha256(png).hexdigest(),
    )
    return Drawing(picture, svg, png)

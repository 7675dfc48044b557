"""Every number that sections have of a sequence: a line each, 6 decimals, empty where there is none."""

import csv
import io

from harness.report.publication import Publication
from harness.report.section import Cell, TargetSection
from harness.statistics.arrays import DECIMALS


def render_csv(publication: Publication) -> str:
    """Return the text, lines ended by a line feed: target, sequence, and the columns of all sections."""
    lines = sequence_cells(publication)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    headers = list(dict.fromkeys(name for line in lines for name in line))
    writer.writerow(headers)
    writer.writerows([_shown(line.get(name)) for name in headers] for line in lines)
    return text.getvalue()


def sequence_cells(publication: Publication) -> list[dict[str, Cell]]:
    """Return for each sequence of each target: column -> cell."""
    lines: list[dict[str, Cell]] = []
    for target in publication.board.targets:
        board = publication.board
        about = {
            "target": target,
            "scored_on": board.scored_on(target),
            "limited_to_items": board.provenance.limited,
        }
        cells: dict[str, dict[str, Cell]] = {}
        for section in publication.shown():
            if isinstance(section, TargetSection) and (data := publication.of(section, target)) is not None:
                for sequence, own in section.columns(data).items():
                    place: dict[str, Cell] = {**about, "sequence": sequence}
                    cells.setdefault(sequence, place).update(own)
        lines += cells.values()
    return lines


def _shown(value: Cell) -> str | int:
    if value is None:
        return ""
    return f"{value:.{DECIMALS}f}" if isinstance(value, float) else value

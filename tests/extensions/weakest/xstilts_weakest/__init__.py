"""The language in which each sequence is weakest, as a section of leaderboards."""

from collections.abc import Iterator, Mapping

from harness.frozen_model import FrozenModel
from harness.report.blocks import Block, Heading, Paragraph, Tabular
from harness.report.publication import Publication
from harness.report.section import Cell, Drawable, Results, TargetSection
from harness.report.table import Table
from harness.results.averages import complete_rows


class WeakestRow(FrozenModel):
    """A sequence with the task of its lowest mean over seeds."""

    sequence: str
    task: str
    mean: float


class Weakest(FrozenModel):
    """All complete sequences of a target."""

    rows: tuple[WeakestRow, ...]


class WeakestSection(TargetSection[Weakest]):
    """Names the weakest language."""

    name, place, model = "weakest", 450, Weakest

    def compute(self, results: Results, target: str) -> Weakest | None:
        """Find the lowest mean of each sequence; None without complete sequences."""
        rows = []
        for row, seeds in complete_rows(results.board, target):
            means = {task: sum(scores[task] for scores in seeds) / len(seeds) for task in seeds[0]}
            task = min(means, key=means.__getitem__)
            rows.append(WeakestRow(sequence=row.sequence, task=task, mean=means[task]))
        return Weakest(rows=tuple(rows)) if rows else None

    def blocks(self, data: Weakest, publication: Publication, target: str) -> Iterator[Block]:
        """Yield a sentence and a table."""
        scale = publication.board.metrics[target][0].scale
        lowest = min(data.rows, key=lambda row: row.mean)
        yield Heading(f"Weakest languages: {target}")
        yield Paragraph(f"The weakest of all is {lowest.task} ({scale.value(lowest.mean)}).")
        cells = tuple((row.sequence, row.task, scale.value(row.mean)) for row in data.rows)
        title = f"the weakest language of each sequence before {target}"
        yield Tabular(Table(("order", "weakest", "mean"), cells), title, export=True)

    def pictures(self, data: Weakest, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield the means as bars."""
        from matplotlib.figure import Figure

        def draw() -> Figure:
            figure = Figure(figsize=(4, 2))
            figure.subplots().barh([row.sequence for row in data.rows], [row.mean for row in data.rows])
            return figure

        yield Drawable("weakest", f"Lowest mean of each sequence before {target}", draw)

    def columns(self, data: Weakest) -> Mapping[str, Mapping[str, Cell]]:
        """Return the means."""
        return {row.sequence: {"weakest": row.mean} for row in data.rows}

    def notes(self, publication: Publication) -> Iterator[str]:
        """Say what it is the weakest of."""
        yield "**weakest**: the language with the lowest mean over seeds."


WEAKEST = WeakestSection()

"""A target at a glance: the best rows beside training on the target alone, and a picture of all."""

from collections.abc import Iterator
from functools import partial

from harness.report.blocks import Block, Tabular
from harness.report.publication import Publication
from harness.report.section import Drawable, Nothing, Results, TargetSection
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.sections.scores.table import overview_table


class OverviewSection(TargetSection[Nothing]):
    """The rows that answer the question, from the data of the scores."""

    name, place, model, brief = "overview", 150, Nothing, True

    def compute(self, results: Results, target: str) -> Nothing:
        """Return nothing: the rows are among the scores."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication, target: str) -> Iterator[Block]:
        """Yield the best sequence with intermediate tasks and the target-only row."""
        scores = publication.of(SCORES, target)
        if scores is not None and (rows := _rows(scores)):
            yield Tabular(overview_table(scores, rows), f"Best and baseline: {target}")

    def pictures(self, data: Nothing, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield averages and differences with their intervals."""
        from harness.report.pictures.forest import draw_forest
        from harness.report.pictures.style import MOST_ROWS

        scores = publication.of(SCORES, target)
        if scores is not None:
            complete = sum(row.average is not None for row in scores.rows)
            best = f"; the best {MOST_ROWS} of {complete}" if complete > MOST_ROWS else ""
            text = f"Averages of the sequences before {target}, with 95% intervals{best}"
            yield Drawable("forest", text, partial(draw_forest, scores))


def _rows(scores: TargetStatistics) -> list[RowStatistics]:
    """Return the best complete sequence and the baseline, the better one first."""
    complete = [row for row in scores.rows if row.average is not None]
    best = next((row for row in complete if not row.baseline), None)
    return [row for row in complete if row is best or row.baseline]


OVERVIEW = OverviewSection()

"""The learning curves of the stages, as a picture."""

from collections.abc import Iterator
from functools import partial

from harness.report.blocks import Block, Heading, Paragraph
from harness.report.publication import Publication
from harness.report.section import BoardSection, Drawable, Nothing, Results


class LearningCurvesSection(BoardSection[Nothing]):
    """The training loss of each task, where the board holds curves."""

    name, place, model = "learning_curves", 1050, Nothing

    def compute(self, results: Results) -> Nothing | None:
        """Return nothing: the board holds the curves."""
        return Nothing() if results.board.curves else None

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Say what the picture shows."""
        yield Heading("Learning curves", 2)
        yield Paragraph(
            f"Training loss of {len(publication.board.curves):,} stages, by task and by the number of stages "
            "trained before it; a line is the mean over seeds and sequences."
        )

    def pictures(self, data: Nothing, publication: Publication) -> Iterator[Drawable]:
        """Yield a panel for each task."""
        from harness.report.pictures.curves import draw_curves

        text = "Training loss over the steps of a stage, a panel for each task"
        yield Drawable("curves", text, partial(draw_curves, publication.board.curves))


LEARNING_CURVES = LearningCurvesSection()

"""Order as a factor in a target's table, as a section."""

from collections.abc import Iterator
from functools import partial

from harness.report.blocks import Block, Bullets, Heading, Paragraph, Tabular
from harness.report.publication import Publication
from harness.report.section import Drawable, Results, TargetSection
from harness.report.sections.agreement import agreement_line
from harness.report.sections.order.analysis import OrderAnalysis, analyze_target
from harness.report.sections.order.summary import summary
from harness.report.sections.order.tables import analysis_tables
from harness.report.sections.scores.section import SCORES
from harness.report.sections.tested import tested_table


class OrderSection(TargetSection[OrderAnalysis]):
    """What order explains, the effects of a task's place, agreement of rankings, and the seeds needed."""

    name, place, model = "order", 400, OrderAnalysis

    def compute(self, results: Results, target: str) -> OrderAnalysis:
        """Analyze a target; without item scores there is nothing but the number of its sequences."""
        return analyze_target(results.board, target, results.shared(tested_table, target))

    def blocks(self, data: OrderAnalysis, publication: Publication, target: str) -> Iterator[Block]:
        """Yield sentences, agreement of rankings, and folded tables."""
        table = publication.of(SCORES, target)
        if table is None:
            return
        yield Heading(f"Order as a factor: {target}")
        yield Paragraph(" ".join(summary(data, table)))
        if data.agreement:
            yield Bullets(tuple(map(agreement_line, data.agreement)))
        for title, shown in analysis_tables(data, table):
            yield Tabular(shown, title, folded=True)

    def pictures(self, data: OrderAnalysis, publication: Publication, target: str) -> Iterator[Drawable]:
        """Yield the effects of one task before another."""
        from harness.report.pictures.before_matrix import draw_before_matrix

        yield Drawable(
            "before",
            f"Effect of training one task before another, then {target}; a star: significant (exploratory)",
            partial(draw_before_matrix, data.before, publication.board.metrics[target][0]),
        )


ORDER = OrderSection()

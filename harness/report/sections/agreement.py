"""How alike the targets rank the orders that they share."""

from collections.abc import Iterator

import numpy as np

from harness.report.blocks import Block, Bullets, Heading
from harness.report.notation import p_value
from harness.report.publication import Publication
from harness.report.section import BoardSection, Results
from harness.report.sections.tested import sets_of
from harness.results.averages import complete_rows, complete_scores
from harness.results.board import Board
from harness.statistics.agreement import Agreement, agreement
from harness.statistics.arrays import ALPHA
from harness.statistics.prefixes import PrefixTree


def agreement_line(agreement: Agreement) -> str:
    """Say how alike the raters rank, against what no effect of order would give."""
    low, high = agreement.without_effect.low, agreement.without_effect.high
    verdict = "significant" if agreement.p < ALPHA else "not significant"
    return (
        f"Between {agreement.between} ({agreement.raters}, {agreement.ranked} sequences, disjoint halves of "
        f"the seeds, tasks held fixed): rank correlation {agreement.rho:.2f}, without an effect of order "
        f"[{low:.2f}, {high:.2f}], p {p_value(agreement.p)}, {verdict}."
    )


def agreement_of_targets(board: Board) -> Agreement | None:
    """Compare how the targets rank the orders that they share; None for one target or fewer than 3 orders."""
    if len(board.targets) < 2:
        return None
    complete = [{row.order: row for row, _ in complete_rows(board, target)} for target in board.targets]
    orders = tuple(order for order in complete[0] if all(order in rows for rows in complete))
    if not orders:
        return None
    tables = []
    for target in board.targets:
        names = [row.order for row, _ in complete_rows(board, target)]
        scores = board.metrics[target][0].sign * complete_scores(board, target).mean(axis=2)
        tables.append(scores[[names.index(order) for order in orders]])
    paths = orders if board.analysis.share == "prefixes" else tuple((order,) for order in orders)
    return agreement("targets", np.stack(tables, axis=2), sets_of(orders), PrefixTree(paths))


class AgreementSection(BoardSection[Agreement]):
    """Whether an order that is good for one target is good for the others."""

    name, place, model = "agreement", 1000, Agreement

    def compute(self, results: Results) -> Agreement | None:
        """Compare the rankings."""
        return agreement_of_targets(results.board)

    def blocks(self, data: Agreement, publication: Publication) -> Iterator[Block]:
        """Yield a line."""
        yield Heading("Agreement of the targets", 2)
        yield Bullets((agreement_line(data),))


AGREEMENT = AgreementSection()

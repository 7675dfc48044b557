"""The targets of a leaderboard side by side: averages, gaps and differences to target-only, and their groups.

A target's score is XTREME's (Hu et al. 2020, https://arxiv.org/abs/2003.11080): its headline average, of
question answering half the sum of F1 and exact match. A mean is shown where every target that it covers has a
score; "all" is XTREME's own score only where all its nine targets are there in all their languages.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from harness.frozen_model import FrozenModel
from harness.report.blocks import Block, Heading, Tabular
from harness.report.notation import EMPTY, interval, spread
from harness.report.publication import Publication
from harness.report.section import BoardSection, Results
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import RowStatistics, TargetStatistics
from harness.report.table import Table
from harness.results.board import ARROW, Board
from harness.results.target_metric import PERCENT

LEAST_TARGETS = 3
"""Two tables are compared at a glance."""
_FOLD_ABOVE = 24
_ALL, _BASELINE = "all", "(target only)"
GROUPS: Mapping[str, tuple[str, ...]] = {
    "classification": ("xnli", "pawsx"),
    "structured prediction": ("udpos", "panx"),
    "question answering": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
"""XTREME's groups of corpora (Hu et al. 2020, table 1)."""


class TargetsSummary(FrozenModel):
    """Several targets side by side.

    Attributes:
        targets: Those whose scores are shares, in the order of the leaderboard.
        means: Intermediate tasks, joined as rows show them -> group, or `all`, -> mean over its targets.
    """

    targets: tuple[str, ...]
    means: dict[str, dict[str, float]]


def targets_summary(board: Board, tables: Mapping[str, TargetStatistics]) -> TargetsSummary | None:
    """Average the targets of each sequence; None where there are few.

    Args:
        board: What was run.
        tables: Target -> its table.
    """
    targets = tuple(
        target for target, table in tables.items() if ARROW not in target and table.metrics[0].unit == "%"
    )
    if len(targets) < LEAST_TARGETS:
        return None
    groups = _groups(board, targets)
    orders = dict.fromkeys(row.order for target in targets for row in tables[target].rows)
    means: dict[str, dict[str, float]] = {}
    for order in sorted(orders, key=lambda order: (len(order), order)):
        rows = {target: row for target in targets for row in tables[target].rows if row.order == order}
        scores = {target: score for target, row in rows.items() if (score := _score(row)) is not None}
        found = {
            name: statistics.fmean(scores[target] for target in members)
            for name, members in groups.items()
            if all(target in scores for target in members)
        }
        means[_label(order)] = found
    return TargetsSummary(targets=targets, means=means)


def _groups(board: Board, targets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return group -> its targets, of groups with two or more, and all targets."""
    corpora = {target: {column.corpus for column in board.languages[target]} for target in targets}
    found = {
        name: tuple(target for target in targets if corpora[target] <= set(members))
        for name, members in GROUPS.items()
    }
    return {**{name: own for name, own in found.items() if len(own) > 1}, _ALL: tuple(targets)}


def _score(row: RowStatistics) -> float | None:
    """Return a target's score over seeds as XTREME has it."""
    exact = [value for name, value in row.secondary.items() if name.endswith("exact_match")]
    parts = [row.average, *exact]
    means = [part.mean for part in parts if part is not None]
    return statistics.fmean(means) if len(means) == len(parts) else None


def _label(order: Sequence[str]) -> str:
    return ARROW.join(order) or _BASELINE


class SummarySection(BoardSection[TargetsSummary]):
    """All targets in one table, above those of each."""

    name, place, model, brief, above = "summary", 50, TargetsSummary, True, True

    def compute(self, results: Results) -> TargetsSummary | None:
        """Average the targets."""
        found = {target: results.of(SCORES, target) for target in results.board.targets}
        return targets_summary(
            results.board, {target: table for target, table in found.items() if table is not None}
        )

    def blocks(self, data: TargetsSummary, publication: Publication) -> Iterator[Block]:
        """Yield the means of each sequence, then each target of each."""
        yield Heading("All targets", 2)
        groups = list(dict.fromkeys(name for own in data.means.values() for name in own))
        means = tuple(
            (label, *(EMPTY if name not in own else PERCENT.value(own[name]) for name in groups))
            for label, own in data.means.items()
        )
        if groups:
            yield Tabular(Table(("order", *groups), means), "Means over targets", export=True)
        tables = {target: publication.of(SCORES, target) for target in data.targets}
        rows = tuple(
            _line(target, row) for target, table in tables.items() if table is not None for row in table.rows
        )
        headers = ("target", "order", "average", "gap", "Δ target-only", "Δ 95%", "verdict")
        lines = Table(headers, rows, frozenset({"target", "order", "verdict"}))
        yield Tabular(lines, f"Each target: {len(rows)} sequences", folded=len(rows) > _FOLD_ABOVE)

    def notes(self, publication: Publication) -> Iterator[str]:
        """Say what the means are."""
        if publication.once(self) is not None:
            yield (
                "**All targets:** means over targets of their averages, each weighing the same; of question "
                "answering half the sum of F1 and exact match, as XTREME does (Hu et al. 2020). They are "
                "XTREME's own scores where all its languages are there."
            )


def _line(target: str, row: RowStatistics) -> tuple[str, ...]:
    effect = row.effect
    return (
        target,
        _label(row.order),
        spread(row.average),
        spread(row.gap, signed=True),
        EMPTY if row.baseline else spread(row.delta, signed=True),
        interval(effect.interval if effect else None, signed=True),
        effect.verdict if effect else EMPTY,
    )


SUMMARY = SummarySection()

"""`leaderboards/README.md`: every leaderboard of the folder in one table."""

import json
from pathlib import Path

from harness.report.notation import EMPTY, inline, p_value, spread
from harness.report.publication import Publication, load_publication
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import TargetStatistics
from harness.report.sections.scores.table import UNDECIDED, sequence_label
from harness.report.table import Table
from harness.results.json_file import BoardFileError
from harness.results.target_metric import TargetMetric

INDEX = "README.md"
_HEADERS = (
    *("leaderboard", "question", "target", "metric", "does order matter?", "best order", "average"),
    *("Δ target-only", "date"),
)
_INTRODUCTION = (
    "# Leaderboards\n\n"
    "One page for each sequence file, written by `xstilts run` and `xstilts publish`; `xstilts verify` "
    "recomputes every number from the predictions beside it. Does order matter: the test of all sequences "
    "with the same tasks in another order, corrected, and how many pairs of them differ significantly. Best "
    "order: the highest average, or the lowest where the metric says that lower is better, and how many rows "
    "may be best. Δ target-only: average of that order minus that of training on the target alone, ± sd over "
    f"seeds; {UNDECIDED} where it is not significant."
)


def render_index(folder: Path) -> str:
    """Return the index of all leaderboards in `folder`, by name; a damaged one is listed as such."""
    rows = [row for path in sorted(folder.glob("*.json")) for row in _rows_of_file(path)]
    table = Table(_HEADERS, tuple(rows), frozenset({*_HEADERS[:6], _HEADERS[-1]})).render()
    return f"{_INTRODUCTION}\n\n{table}\n"


def index_rows(publication: Publication) -> list[tuple[str, ...]]:
    """Return the index's lines of one leaderboard, one per target."""
    board = publication.board
    limited = "" if board.provenance.limited is None else f" (limited to {board.provenance.limited} items)"
    return [
        (
            f"[{board.name}]({board.name}.md)",
            inline((board.question or board.title) + limited),
            inline(target),
            inline(_metric(table.metrics[0])),
            _order_matters(table),
            *_best(table),
            inline(board.provenance.created[:10]),
        )
        for target in board.targets
        if (table := publication.of(SCORES, target)) is not None
    ]


def _metric(metric: TargetMetric) -> str:
    return metric.phrase if metric.higher_is_better else f"{metric.phrase}, lower is better"


def _rows_of_file(path: Path) -> list[tuple[str, ...]]:
    if not _is_publication(path):
        return []
    try:
        return index_rows(load_publication(path))
    except BoardFileError:
        return [(inline(path.stem), "cannot be read", *[EMPTY] * (len(_HEADERS) - 2))]


def _order_matters(table: TargetStatistics) -> str:
    """Return the finding on order in a few words."""
    order = table.order
    if order is None:
        return "not compared"
    pairs = "1 pair" if order.compared == 1 else f"{order.compared:,} pairs"
    exploratory = ", exploratory" if table.exploratory else ""
    p = "" if order.p is None else f", p {p_value(order.p)}"
    which = f"{order.significant:,} of {pairs}" if order.verdict == "significant" else pairs
    return f"{order.verdict}{p} ({which}{exploratory})"


def _best(table: TargetStatistics) -> tuple[str, str, str]:
    scale = table.metrics[0].scale
    best = next((row for row in table.rows if row.average is not None), None)
    if best is None:
        return ("no complete row", EMPTY, EMPTY)
    others = sum(row.ranks[0] == 1 for row in table.rows if row.ranks) - 1
    name = inline(sequence_label(best)) + (f", or one of {others} others" if others > 0 else "")
    if best.baseline:
        return (name, spread(best.average, scale), "baseline")
    mark = "" if best.effect and best.effect.significant else f"{UNDECIDED} "
    return (name, spread(best.average, scale), mark + spread(best.delta, scale, signed=True))


def _is_publication(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return path.with_suffix(".md").is_file()
    return isinstance(content, dict) and str(content.get("format", "")).startswith("xstilts-leaderboard")

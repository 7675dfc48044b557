"""`leaderboards/README.md` and `index.html`: every leaderboard of the folder in one table."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.report.notation import EMPTY, inline, p_value, spread
from harness.report.publication import Publication, load_publication
from harness.report.renderers.html_page import html_document
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import TargetStatistics
from harness.report.sections.scores.table import UNDECIDED, sequence_label
from harness.report.table import Table
from harness.results.board import Board
from harness.results.json_file import BoardFileError
from harness.results.target_metric import TargetMetric

INDEX, INDEX_PAGE = "README.md", "index.html"
_FILTERS = ("target", "model", "intermediate tasks", "seeds")
_HEADERS = (
    *("leaderboard", "question", *_FILTERS, "metric", "does order matter?", "best order", "average"),
    *("Δ target-only", "date"),
)
_NUMBERS = ("seeds", "average", "Δ target-only")
_INTRODUCTION = (
    "# Leaderboards\n\n"
    "One page for each sequence file, written by `xstilts run` and `xstilts publish`; `xstilts verify` "
    "recomputes every number from the predictions beside it. Does order matter: the omnibus test of all "
    "sequences with the same tasks in another order, adjusted p, and how many pairs differ significantly. "
    "Best order: the highest average, or the lowest where lower is better, and how many others may rank "
    "first. Δ target-only: its average minus that of training on the target alone, ± sd over seeds; "
    f"{UNDECIDED}: not significant."
)
_Row = tuple[str, ...]


def render_index(folder: Path) -> str:
    """Return the index of all leaderboards in `folder`, by name; a damaged one is listed as such."""
    return _markdown(row for path in _data_files(folder) for row in _rows_of_file(path, ".md"))


def render_index_page(folder: Path) -> str:
    """Return the same as an HTML page that can be filtered by target, model, tasks and seeds."""
    return _html(row for path in _data_files(folder) for row in _rows_of_file(path, ".html"))


def index_rows(publication: Publication, ending: str = ".md") -> list[_Row]:
    """Return the index's lines of one leaderboard, one per target; links go to its page of that ending."""
    board = publication.board
    limited = "" if board.provenance.limited is None else f" (limited to {board.provenance.limited} items)"
    return [
        (
            f"[{board.name}]({board.name}{ending})",
            inline((board.question or board.title) + limited),
            inline(target),
            inline(board.provenance.model),
            inline(", ".join(_intermediate_tasks(board, target))) or EMPTY,
            str(len(board.seeds)),
            inline(_metric(table.metrics[0])),
            _order_matters(table),
            *_best(table),
            inline(board.provenance.created[:10]),
        )
        for target in board.targets
        if (table := publication.of(SCORES, target)) is not None
    ]


def index_page_rows(publication: Publication) -> str:
    """Return the lines of one leaderboard as they stand in the HTML page."""
    return _html(index_rows(publication, ".html")).split("<tbody>\n")[1].split("</tbody>")[0]


def _markdown(rows: Iterable[_Row]) -> str:
    left = frozenset(_HEADERS) - frozenset(_NUMBERS)
    return f"{_INTRODUCTION}\n\n{Table(_HEADERS, tuple(rows), left).render()}\n"


def _html(rows: Iterable[_Row]) -> str:
    return html_document(_markdown(rows), "Leaderboards", filters=_FILTERS)


def _data_files(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.json"))


def _metric(metric: TargetMetric) -> str:
    return metric.phrase if metric.higher_is_better else f"{metric.phrase}, lower is better"


def _rows_of_file(path: Path, ending: str) -> list[_Row]:
    if not _is_publication(path):
        return []
    try:
        return index_rows(load_publication(path), ending)
    except BoardFileError:
        return [(inline(path.stem), "cannot be read", *[EMPTY] * (len(_HEADERS) - 2))]


def _intermediate_tasks(board: Board, target: str) -> list[str]:
    return sorted({task for row in board.rows_of(target) for task in row.order})


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

"""`leaderboards/README.md`: every leaderboard of the folder in one table."""

import json
from pathlib import Path

from harness.leaderboard.board import BoardFileError, read_model
from harness.leaderboard.notation import EMPTY, inline, spread
from harness.leaderboard.publication import Publication
from harness.leaderboard.statistics import TargetStatistics
from harness.leaderboard.table import UNDECIDED, Table, sequence_label

INDEX = "README.md"
_HEADERS = (
    *("leaderboard", "question", "target", "does order matter?", "best order", "average"),
    *("Δ target-only", "date"),
)
_INTRODUCTION = (
    "# Leaderboards\n\n"
    "One page for each sequence file, written by `xstilts run` and `xstilts publish`; `xstilts verify` "
    "recomputes every number from the predictions beside it. Does order matter: of the pairs of sequences "
    "with the same tasks in another order, those told apart after correction for all of them. Best order: "
    "the highest average, and how many rows cannot be told apart from it. Δ target-only: points of the best "
    f"order above training on the target alone, ± sd over seeds; {UNDECIDED} where its interval covers zero."
)


def render_index(folder: Path) -> str:
    """Return the index of all leaderboards in `folder`, by name; a damaged one is listed as such."""
    rows = [row for path in sorted(folder.glob("*.json")) for row in _rows_of_file(path)]
    table = Table(_HEADERS, tuple(rows), frozenset({*_HEADERS[:5], _HEADERS[-1]})).render()
    return f"{_INTRODUCTION}\n\n{table}\n"


def index_rows(publication: Publication) -> list[tuple[str, ...]]:
    """Return the index's lines of one leaderboard, one per target."""
    board = publication.board
    limited = "" if board.provenance.limited is None else f" (limited to {board.provenance.limited} items)"
    return [
        (
            f"[{board.name}]({board.name}.md)",
            inline((board.question or board.title) + limited),
            inline(table.target),
            _order_matters(table),
            *_best(table),
            inline(board.provenance.created[:10]),
        )
        for table in publication.targets
    ]


def _rows_of_file(path: Path) -> list[tuple[str, ...]]:
    if not _is_publication(path):
        return []
    try:
        return index_rows(read_model(Publication, path))
    except BoardFileError:
        return [(inline(path.stem), "cannot be read", *[EMPTY] * (len(_HEADERS) - 2))]


def _order_matters(table: TargetStatistics) -> str:
    """Return the finding on order in a few words."""
    count, apart = table.orders_compared, table.orders_apart
    if not count:
        return "not compared"
    pairs = "1 pair" if count == 1 else f"{count:,} pairs"
    if apart:
        return f"yes, {apart:,} of {pairs} told apart"
    return f"{UNDECIDED} not told from chance ({pairs})"


def _best(table: TargetStatistics) -> tuple[str, str, str]:
    scale = table.metrics[0].scale
    best = next((row for row in table.rows if row.average is not None), None)
    if best is None:
        return ("no complete row", EMPTY, EMPTY)
    tied = sum(row.rank == 1 for row in table.rows if row.ties) - 1
    name = inline(sequence_label(best)) + (f", tied with {tied}" if tied > 0 else "")
    if best.baseline:
        return (name, spread(best.average, scale), "baseline")
    mark = f"{UNDECIDED} " if best.undecided else ""
    return (name, spread(best.average, scale), mark + spread(best.delta, scale, signed=True))


def _is_publication(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return path.with_suffix(".md").is_file()
    return isinstance(content, dict) and str(content.get("format", "")).startswith("xstilts-leaderboard")

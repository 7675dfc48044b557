"""Every run of a leaderboard as a line of CSV."""

import csv
import io
from collections.abc import Iterator

from harness.report.publication import Publication
from harness.results.averages import average
from harness.results.board import Board, BoardRow, SeedResult
from harness.statistics.arrays import DECIMALS

_PLACE = ("target", "scored_on", "limited_to_items", "sequence", "seed", "status", "metric", "average")
_MADE = ("items", "training_seconds", "stage_digest", "evaluation_digest")


def render_seeds_csv(publication: Publication) -> str:
    """Return a line for each sequence and seed: its scores by the headline metric, items, time, digests."""
    board = publication.board
    tasks = list(dict.fromkeys(c.task for columns in board.languages.values() for c in columns))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_PLACE, *tasks, *_MADE])
    for row in board.rows:
        for result in row.seeds:
            writer.writerow(["" if cell is None else cell for cell in _cells(board, row, result, tasks)])
    return text.getvalue()


def _cells(board: Board, row: BoardRow, result: SeedResult, tasks: list[str]) -> Iterator[str | int | None]:
    yield from (row.target, board.scored_on(row.target), board.provenance.limited, row.sequence)
    yield from (result.seed, result.status, board.metrics[row.target][0].name)
    yield _number(average(result.scores, board.languages[row.target]))
    yield from (_number(result.scores.get(task)) for task in tasks)
    yield sum(result.items.values())
    yield f"{result.train_seconds:.1f}"
    yield from (result.stage_digest, result.evaluation_digest)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.{DECIMALS}f}"

"""Runs that failed, and those that were not made."""

from collections.abc import Iterator

from harness.report.blocks import Block, Bullets, Heading, Paragraph
from harness.report.notation import excerpt
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.results.board import Board, BoardRow, SeedResult


class FailedRunsSection(BoardSection[Nothing]):
    """Names every run that has no scores, and why."""

    name, place, model = "failed_runs", 1300, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: the board says which runs failed."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield two lists; the second only where there are runs to be made."""
        board = publication.board
        failed = tuple(
            f"{row.sequence}, seed {result.seed}: {_why(result)}"
            for row in board.rows
            for result in row.seeds
            if result.status == "failed"
        )
        yield Heading("Failed runs", 2)
        yield Bullets(failed) if failed else Paragraph("None.")
        waiting = tuple(
            f"{row.sequence}: seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
            for row in board.rows
            if (seeds := _not_run(board, row))
        )
        if waiting:
            yield Heading("Not run yet", 2)
            yield Bullets(waiting)


def _why(result: SeedResult) -> str:
    return excerpt(result.error) if result.error else "failed, no message was kept"


def _not_run(board: Board, row: BoardRow) -> list[int]:
    results = ((seed, row.seed(seed)) for seed in board.seeds)
    return [seed for seed, result in results if result is None or result.status == "not run"]


FAILED_RUNS = FailedRunsSection()

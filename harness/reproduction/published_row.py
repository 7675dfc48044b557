"""One row of a published leaderboard with one seed: what was published of it."""

from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.message_text import in_short, names_in_short
from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import TaskItems
from harness.report.publication import predictions_path, read_publication
from harness.report.sections.scores.section import SCORES
from harness.results.board import Board, BoardRow, Provenance, SeedResult
from harness.results.kept_files import KeptFiles


class NoSuchRowError(UserError):
    """The leaderboard has no such row, or nothing was published of it."""


@dataclass(frozen=True)
class PublishedRow:
    """A row, one of its seeds, and the answers beside the page.

    Attributes:
        link: The sequence file that the page links to, None where it links to none.
        answers: Evaluation task -> answers.
    """

    board: Board
    row: BoardRow
    result: SeedResult
    link: Path | None
    answers: dict[str, TaskItems]

    @property
    def name(self) -> str:
        """The row and its seed in words."""
        return f"{self.row.sequence}, seed {self.result.seed}"

    @property
    def sequence_file(self) -> Path:
        """Where the row's sequence file should lie."""
        return self.link or Path(self.provenance.sequence_file)

    @property
    def provenance(self) -> Provenance:
        """How the row was made; of a combined leaderboard that of its part."""
        part = self.result.part
        return self.board.parts[part] if part is not None and self.board.parts else self.board.provenance

    @property
    def kept(self) -> KeptFiles | None:
        """The files that describe its experiment, as they were published; None in older leaderboards."""
        files = self.board.files
        return files[self.result.part or 0] if files else None


def published_row(page: Path, number: int, target: str | None, seed: int | None) -> PublishedRow:
    """Read a row from a published leaderboard.

    Args:
        page: Its page or JSON file.
        number: Line of the target's table, from 1.
        target: The table; None: the first.
        seed: None: the first that has scores.

    Raises:
        BoardFileError: There is no readable leaderboard.
        NoSuchRowError: It has no such table, line or seed, or the row has no scores or answers.
        PredictionsError: Its predictions are damaged.
    """
    publication = read_publication(page)
    board = publication.board
    target = board.targets[0] if target is None else target
    table = publication.of(SCORES, target)
    if table is None:
        raise NoSuchRowError(f"{page}: no target {in_short(target)}; it has {names_in_short(board.targets)}")
    if not 1 <= number <= len(table.rows):
        raise NoSuchRowError(f"{page}: {target} has rows 1 to {len(table.rows)}, no row {number}")
    sequence = table.rows[number - 1].sequence
    row = next(row for row in board.rows if row.sequence == sequence)
    scored = [result for result in row.seeds if result.scores and seed in (None, result.seed)]
    if not scored:
        which = "any seed" if seed is None else f"seed {seed}"
        raise NoSuchRowError(f"{page}: {sequence} has no scores of {which} to compare with")
    if publication.predictions is None:
        raise NoSuchRowError(f"{page}: no predictions were published, so there is nothing to compare with")
    stored = read_predictions(predictions_path(page, publication))
    answers = stored.get((sequence, scored[0].seed))
    if answers is None:
        raise NoSuchRowError(f"{page}: the predictions beside it have none of {sequence}")
    link = page.parent / publication.sequence_link if publication.sequence_link else None
    return PublishedRow(board, row, scored[0], link, answers)

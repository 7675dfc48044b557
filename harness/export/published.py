"""What one model of each target predicts, from a published leaderboard."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.config.corpus import Corpus
from harness.errors import UserError
from harness.message_text import names_in_short
from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import TaskItems
from harness.report.publication import predictions_path, read_publication
from harness.results.board import ARROW, Board, BoardRow


class NoSuchSequencesError(UserError):
    """A leaderboard has no rows of an order of intermediate tasks, or no predictions of them."""


def published_predictions(
    page: Path, order: tuple[str, ...], seed: int | None, corpora: Mapping[str, Corpus]
) -> Iterator[tuple[Corpus, TaskItems]]:
    """Yield the predictions of a leaderboard's rows with one order of intermediate tasks.

    Few-shot rows are left out: their model was trained on a target language.

    Args:
        page: Its page or JSON file.
        order: The intermediate tasks.
        seed: None: the first seed of the leaderboard.
        corpora: Name -> corpus; tasks of others are left out.

    Raises:
        BoardFileError: there is no readable leaderboard.
        NoSuchSequencesError: it has no such rows, or no predictions of them with that seed.
        PredictionsError: its predictions are damaged.
    """
    publication = read_publication(page)
    board = publication.board
    rows = [row for row in board.rows if row.order == order and ARROW not in row.target]
    if not rows:
        known = dict.fromkeys(", ".join(row.order) or "(none)" for row in board.rows)
        raise NoSuchSequencesError(
            f"{page}: no row with the intermediate tasks {', '.join(order) or '(none)'}; it has "
            f"{names_in_short(known)}"
        )
    chosen = board.seeds[0] if seed is None else seed
    if publication.predictions is None:
        raise NoSuchSequencesError(f"{page}: no predictions were published with it; publish them first")
    known_predictions = read_predictions(predictions_path(page, publication))
    found = [known_predictions.get((row.sequence, chosen), {}) for row in rows]
    if not any(found):
        raise NoSuchSequencesError(
            f"{page}: no predictions of {rows[0].sequence} with seed {chosen}; its seeds are "
            f"{', '.join(map(str, board.seeds))}"
        )
    for row, tasks in zip(rows, found, strict=True):
        yield from _of_corpora(board, row, tasks, corpora)


def _of_corpora(
    board: Board, row: BoardRow, tasks: Mapping[str, TaskItems], corpora: Mapping[str, Corpus]
) -> Iterator[tuple[Corpus, TaskItems]]:
    names = {language.task: language.corpus for language in board.languages[row.target]}
    for task, items in tasks.items():
        if names.get(task) in corpora:
            yield corpora[names[task]], items

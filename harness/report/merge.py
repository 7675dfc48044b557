"""Published leaderboards on one page, from what lies beside them: no store and no model are needed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import Predictions, PredictionsError
from harness.report.publication import Inputs, predictions_path, read_inputs
from harness.report.publish import Published, publish_answers
from harness.results.board import Board, checked_name
from harness.results.combine import ConflictingEvaluationsError, combine
from harness.results.json_file import BoardFileError
from harness.results.reported import ReportedRow


def merge(
    pages: Sequence[Path],
    folder: Path,
    name: str | None = None,
    title: str | None = None,
    question: str | None = None,
    *,
    replace: bool = False,
) -> Published:
    """Publish the rows of several leaderboards as one; a single one is written anew in the present format.

    Args:
        pages: Their pages or JSON files.
        folder: Where the combination goes.
        name: Of the combination; not needed for a single page.
        title: None: the boards' titles.
        question: None: that of the boards, where they have one in common.
        replace: Write also over a leaderboard that holds more.

    Raises:
        BoardFileError: A page has no readable JSON file beside it, or `name` is missing.
        PredictionsError: Predictions are missing, damaged, or do not give the scores.
        IncompatibleBoardsError: The rows cannot share one table.
        ConflictingEvaluationsError: The same evaluation has other results on two pages.
    """
    found = [read_inputs(page) for page in pages]
    answers = [_predictions(page, publication) for page, publication in zip(pages, found, strict=True)]
    boards = [publication.board for publication in found]
    if len(boards) == 1:
        (board,) = boards
        changes = {"name": checked_name(name or board.name), "title": title or board.title}
        board = board.model_copy(update=changes | {"question": question or board.question})
    elif name is None:
        raise BoardFileError("several leaderboards become one under a new name: give it by --name")
    else:
        board = combine(boards, name, title, question)
    reported: list[ReportedRow] = []
    for publication in found:
        reported += [row for row in publication.reported if row not in reported]
    answers_of_all = _chosen(board, boards, answers)
    return publish_answers(board, folder, answers_of_all, tuple(reported), replace=replace)


def _predictions(page: Path, inputs: Inputs) -> Predictions:
    stored = inputs.predictions
    if stored is None:
        raise PredictionsError(
            f"{page}: no predictions were published with it, so its numbers cannot be recomputed; publish it "
            "again from its store"
        )
    path = predictions_path(page, inputs)
    found = read_predictions(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != stored.sha256:
        raise PredictionsError(f"{path}: not the file that was published with {page.name} (another sha256)")
    return found


def _chosen(board: Board, boards: Sequence[Board], answers: Sequence[Predictions]) -> Predictions:
    """Return the predictions of every result of the board, once those of duplicates are seen to agree."""
    chosen: Predictions = {}
    places: dict[tuple[str, int], str] = {}
    for own, found in zip(boards, answers, strict=True):
        for checkpoint, tasks in found.items():
            known = chosen.setdefault(checkpoint, tasks)
            where = places.setdefault(checkpoint, own.name)
            for task, given in tasks.items():
                difference = known[task].difference(given) if task in known else "no predictions"
                if difference:
                    place = f"({checkpoint[0]}, seed {checkpoint[1]})"
                    raise ConflictingEvaluationsError(
                        f"{where} {place}", f"{own.name} {place}", f"{task}: {difference}"
                    )
    kept = [(row.sequence, seed.seed) for row in board.rows for seed in row.seeds if seed.scores]
    return {checkpoint: chosen[checkpoint] for checkpoint in kept if checkpoint in chosen}

"""Write a leaderboard into its folder: page, JSON, predictions, index."""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from harness.atomic_write import atomic_write
from harness.errors import UserError
from harness.metrics.item_file import write_predictions
from harness.metrics.item_scores import Predictions, PredictionsError
from harness.report.index import INDEX, INDEX_PAGE, render_index, render_index_page
from harness.report.pictures.kept import kept_pictures, note_pictures
from harness.report.pictures.picture import Drawing, draw_pictures, drawing_software
from harness.report.publication import (
    Publication,
    StoredPredictions,
    compile_publication,
    read_inputs,
)
from harness.report.renderers.bibtex import render_bibtex
from harness.report.renderers.csv_file import render_csv
from harness.report.renderers.html_page import render_html
from harness.report.renderers.latex import render_latex, render_narrow_latex
from harness.report.renderers.markdown import render_page
from harness.report.renderers.seeds_csv import render_seeds_csv
from harness.report.replacement import keep_copy, refuse_less, with_known_stages
from harness.results.board import Board, Provenance
from harness.results.json_file import BoardFileError, canonical_json
from harness.results.predictions import gather_predictions
from harness.results.recomputed_scores import SAME_SCORE, ScoreMismatch, with_recomputed_scores
from harness.results.reported import ReportedRow, read_reported
from harness.store.files import write_durably

PAGE = ".md"


@dataclass(frozen=True)
class Published:
    """The files of a leaderboard, and what they say."""

    markdown: Path
    json: Path
    index: Path
    predictions: Path | None
    publication: Publication


def publish(
    board: Board,
    folder: Path,
    predictions: Mapping[str, Path] | None = None,
    reported: Path | None = None,
    *,
    replace: bool = False,
) -> Published:
    """Write `NAME.md` with its pictures, `NAME.json`, the exports, the predictions, and the indexes.

    Each file is replaced in one step. The same board and predictions give the same bytes.

    Args:
        board: The results.
        folder: Where leaderboards lie; made when absent.
        predictions: Evaluation digest -> `predictions.parquet`. None: no intervals, nothing to verify with.
        reported: JSON file of numbers published elsewhere (see `harness.results.reported`).
        replace: Write also over a leaderboard that holds more, of which a copy is kept.

    Raises:
        LessThanPublishedError: There is a leaderboard of that name that holds more.
        LeaderboardFolderError: The folder cannot be written to.
        PredictionsError: Predictions are missing, or do not give the scores of the board.
        ReportedFileError: The file of reported numbers cannot be used.
    """
    rows = read_reported(reported, board.targets) if reported else ()
    answers = gather_predictions(board, predictions) if predictions is not None else None
    return publish_answers(board, folder, answers, rows, replace=replace)


class LeaderboardFolderError(UserError):
    """Leaderboards cannot be written where they should be."""


def make_folder(folder: Path) -> None:
    """Make a folder of leaderboards, and see that files can be written into it.

    Raises:
        LeaderboardFolderError: it cannot be made, or nothing can be written into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise LeaderboardFolderError(
            f"{folder}: leaderboards cannot be written there ({error.strerror}); name another folder by "
            "--leaderboards"
        ) from error


def publish_answers(
    board: Board,
    folder: Path,
    answers: Predictions | None,
    reported: tuple[ReportedRow, ...],
    *,
    replace: bool = False,
) -> Published:
    """Write a leaderboard whose predictions were read already, as `publish` does.

    Raises:
        LeaderboardFolderError: The folder cannot be written to.
        LessThanPublishedError: There is a leaderboard of that name that holds more.
        PredictionsError: Predictions are missing, or do not give the scores of the board.
    """
    if answers is not None:
        board = _exact_scores(board, answers)
    make_folder(folder)
    data, index = folder / f"{board.name}.json", folder / INDEX
    stored_path = folder / f"{board.name}.predictions.parquet"
    with _only_publisher(folder):
        if replace:
            keep_copy(folder, board.name)
        else:
            refuse_less(board, data)
        board = _after_looks(with_known_stages(board, data), data)
        stored = _store(answers, stored_path) if answers else None
        publication = compile_publication(
            board,
            answers,
            stored=stored,
            sequence_link=sequence_link(board.provenance, folder),
            reported=reported,
        )
        publication = _write_all(publication, folder)
        if stored is None:
            stored_path.unlink(missing_ok=True)
        write_durably(index, render_index(folder))
        write_durably(folder / INDEX_PAGE, render_index_page(folder))
    return Published(
        folder / f"{board.name}{PAGE}", data, index, stored_path if stored else None, publication
    )


def _after_looks(board: Board, data: Path) -> Board:
    """Return the board with the numbers of seeds that earlier publications of its name were looked at with.

    Publishing as many seeds again is no further look, nor is a trial on the first items one.
    """
    if not data.is_file():
        return board
    try:
        before = read_inputs(data).board
    except BoardFileError:
        return board
    if before.provenance.limited != board.provenance.limited or before.targets != board.targets:
        return board
    seen = {*before.analysis.looks, len(before.seeds)} - {len(board.seeds)}
    planned = before.analysis.planned_seeds or len(before.seeds)
    analysis = board.analysis.model_copy(update={"looks": tuple(sorted(seen)), "planned_seeds": planned})
    return board.model_copy(update={"analysis": analysis}) if seen else board


def _write_all(publication: Publication, folder: Path) -> Publication:
    """Draw the pictures, write every file made from the publication, and return it with its pictures."""
    name = publication.board.name
    drawings, drawn_with = _pictures(publication, folder)
    contents = {drawing.picture.svg: drawing.svg for drawing in drawings}
    contents |= {drawing.picture.png: drawing.png for drawing in drawings}
    complete = publication.model_copy(
        update={
            "pictures": tuple(drawing.picture for drawing in drawings),
            "drawn_with": drawn_with if drawings else None,
        }
    )
    for file, content in contents.items():
        write_durably(folder / file, content)
    write_durably(folder / f"{name}.json", canonical_json(complete))
    for file, text in rendered_files(complete, contents).items():
        write_durably(folder / file, text)
    for ending in (".svg", ".png"):
        for path in folder.glob(f"{name}.*{ending}"):
            if path.name not in contents:
                path.unlink()
    return complete


def _pictures(publication: Publication, folder: Path) -> tuple[list[Drawing], str]:
    """Return the pictures, drawn where the folder has not the same already, and what drew them."""
    kept = kept_pictures(publication, folder)
    if kept is None:
        kept = draw_pictures(publication), drawing_software()
        note_pictures(publication, folder, *kept)
    return kept


def rendered_files(publication: Publication, pictures: Mapping[str, bytes]) -> dict[str, str]:
    """Return file name -> text, the page first.

    Args:
        publication: The leaderboard.
        pictures: SVG file name -> content.
    """
    board = publication.board
    return {
        f"{board.name}{PAGE}": render_page(publication),
        f"{board.name}.html": render_html(publication, pictures),
        f"{board.name}.csv": render_csv(publication),
        f"{board.name}.seeds.csv": render_seeds_csv(publication),
        f"{board.name}.tex": render_latex(publication),
        f"{board.name}.narrow.tex": render_narrow_latex(publication),
        f"{board.name}.bib": render_bibtex(publication),
    }


def sequence_link(made: Provenance, folder: Path) -> str | None:
    """Return the link from a page to its sequence file in the same project, None where it is not there.

    The project is the folder that holds the leaderboards' folder; a path outside of it would name a
    place on one machine only. A file of other content is another file, whatever its name.
    """
    project = folder.resolve().parent
    places = (Path(made.sequence_file).resolve(), (project / made.sequence_file).resolve())
    path = next((path for path in places if path.is_file() and path.is_relative_to(project)), None)
    if path is None or hashlib.sha256(path.read_bytes()).hexdigest() != made.sequence_sha256:
        return None
    link = Path(os.path.relpath(path, folder.resolve())).as_posix()
    return None if set(link) & set("<>\n\\") else link


def _exact_scores(board: Board, answers: Predictions) -> Board:
    """Return the board with scores as exact quotients, once they are seen to be the board's own."""
    exact, mismatches = with_recomputed_scores(board, answers)
    for mismatch in mismatches:
        if not _is_rounding(mismatch):
            raise PredictionsError(
                f"{mismatch.sequence}, seed {mismatch.seed}, {mismatch.task}: its {mismatch.metric} is "
                f"{mismatch.published} on {mismatch.items_published} items, but its predictions give "
                f"{mismatch.recomputed} on {mismatch.items_recomputed}; evaluate it again"
            )
    return exact


def _is_rounding(mismatch: ScoreMismatch) -> bool:
    if mismatch.published is None or mismatch.recomputed is None:
        return False
    same_items = mismatch.items_published == mismatch.items_recomputed
    return same_items and abs(mismatch.published - mismatch.recomputed) < SAME_SCORE


def _store(answers: Predictions, path: Path) -> StoredPredictions:
    with atomic_write(path) as draft:
        count = write_predictions(answers, draft)
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    return StoredPredictions(file=path.name, sha256=digest, count=count)


@contextmanager
def _only_publisher(folder: Path) -> Iterator[None]:
    """Keep two runs from writing the index at once; a lock on the folder itself leaves no file behind."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)

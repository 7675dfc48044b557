"""A board with everything that its page shows: statistics, findings, and where the predictions lie."""

from pathlib import Path
from typing import Literal

from harness.frozen_model import FrozenModel
from harness.message_text import in_short
from harness.metrics.item_file import LAST_OF_FIRST_FORMAT
from harness.metrics.item_scores import Predictions
from harness.report.pictures.picture import Picture
from harness.report.sections.collapse import Collapse, collapses
from harness.report.sections.finding import finding
from harness.report.sections.forgetting import TargetForgetting, target_forgetting
from harness.report.sections.languages.transfer import LanguageTransfer, language_transfer
from harness.report.sections.order.analysis import OrderAnalysis, agreement_of_targets, analyse_target
from harness.report.sections.target_statistics import TargetStatistics, target_statistics
from harness.report.sections.tested import tested_table
from harness.results.board import Board, BoardFileError, read_json
from harness.results.predictions import item_table
from harness.results.reported import ReportedRow
from harness.statistics.agreement import Agreement

FORMAT: Literal["xstilts-leaderboard-2"] = "xstilts-leaderboard-2"
_FIRST_FORMAT = b'"xstilts-leaderboard-1"'
_START = 100


class StoredPredictions(FrozenModel):
    """The parquet file beside the page."""

    file: str
    sha256: str
    count: int


class Finding(FrozenModel):
    """The sentences on one target."""

    target: str
    sentences: tuple[str, ...]


class Publication(FrozenModel):
    """The content of a leaderboard's JSON file; its page is made from this alone.

    Attributes:
        sequence_link: The sequence file as seen from the page's folder, None where it lies elsewhere.
        drawn_with: What the bytes of the pictures depend on apart from the numbers.
    """

    format: Literal["xstilts-leaderboard-2"] = FORMAT
    board: Board
    findings: tuple[Finding, ...]
    collapses: tuple[Collapse, ...] = ()
    targets: tuple[TargetStatistics, ...]
    analyses: tuple[OrderAnalysis, ...]
    targets_agreement: Agreement | None
    languages: tuple[LanguageTransfer, ...] = ()
    forgetting: tuple[TargetForgetting, ...] = ()
    pictures: tuple[Picture, ...] = ()
    drawn_with: str | None = None
    predictions: StoredPredictions | None
    sequence_link: str | None
    reported: tuple[ReportedRow, ...]


class FirstFormatError(BoardFileError):
    """A leaderboard is of the first format, which this version does not read."""


def read_publication(page: Path) -> Publication:
    """Read a leaderboard, given its page or its JSON file.

    Raises:
        BoardFileError: There is no readable JSON file of that name.
    """
    require_file_name(page)
    return load_publication(page if page.suffix == ".json" else page.with_suffix(".json"))


def load_publication(path: Path) -> Publication:
    """Read a leaderboard's JSON file.

    Raises:
        FirstFormatError: It is of the first format.
        BoardFileError: It is missing or not a leaderboard.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        start = b""
    if _FIRST_FORMAT in start:
        raise FirstFormatError(
            f"{path}: its format is read by xstilts up to commit {LAST_OF_FIRST_FORMAT} (all scores "
            "were accuracies). Check that commit out to verify it, or publish the leaderboard again with "
            "`xstilts run`."
        )
    return read_json(Publication, path)


def require_file_name(page: Path) -> None:
    """Check that a path could be a leaderboard's.

    Raises:
        BoardFileError: It ends in no name, as `.` and `/` do.
    """
    if not page.name or "\0" in page.name:
        raise BoardFileError(f"{in_short(str(page))}: that is no leaderboard's page and no JSON file")


def predictions_path(page: Path, publication: Publication) -> Path:
    """Return where the predictions of a page lie, whatever its JSON file calls them."""
    return page.with_name(f"{publication.board.name}.predictions.parquet")


def compile_publication(
    board: Board,
    predictions: Predictions | None,
    *,
    stored: StoredPredictions | None = None,
    sequence_link: str | None = None,
    reported: tuple[ReportedRow, ...] = (),
) -> Publication:
    """Compute every number of a leaderboard.

    Raises:
        PredictionsError: The predictions of two rows are on other items.
    """
    targets, analyses = [], []
    collapsed = collapses(board, predictions)
    for target in board.targets:
        items = item_table(board, target, predictions) if predictions is not None else None
        tested = tested_table(board, target, items, collapsed) if items else None
        targets.append(target_statistics(board, target, tested))
        analyses.append(analyse_target(board, target, tested))
    findings = tuple(
        Finding(
            target=table.target, sentences=finding(board, table, collapsed, intervals=_has_intervals(table))
        )
        for table in targets
    )
    return Publication(
        board=board,
        findings=findings,
        collapses=collapsed,
        targets=tuple(targets),
        analyses=tuple(analyses),
        targets_agreement=agreement_of_targets(board),
        languages=tuple(language_transfer(board, table) for table in targets),
        forgetting=tuple(
            found for target in board.targets if (found := target_forgetting(board, target)) is not None
        ),
        predictions=stored,
        sequence_link=sequence_link,
        reported=reported,
    )


def _has_intervals(table: TargetStatistics) -> bool:
    return any(row.shrunken is not None for row in table.rows)

"""A board with everything that its page shows: statistics, findings, and where the predictions lie."""

from pathlib import Path
from typing import Literal

from harness.frozen_model import FrozenModel
from harness.leaderboard.board import Board, BoardFileError, BoardRow, SeedResult, read_model
from harness.leaderboard.collapse import Collapse, collapses
from harness.leaderboard.finding import finding
from harness.leaderboard.forgetting import TargetForgetting, target_forgetting
from harness.leaderboard.interval import CONFIDENCE
from harness.leaderboard.languages.transfer import LanguageTransfer, language_transfer
from harness.leaderboard.order.agreement import Agreement
from harness.leaderboard.order.analysis import OrderAnalysis, agreement_of_targets, analyse_target
from harness.leaderboard.pictures.picture import Picture
from harness.leaderboard.predictions import Predictions, correctness
from harness.leaderboard.reported import ReportedRow
from harness.leaderboard.statistics import TargetStatistics, target_statistics
from harness.leaderboard.uncertainty import BOOTSTRAP_SEED, REPLICATES, estimate
from harness.message_text import in_short

FORMAT: Literal["xstilts-leaderboard-1"] = "xstilts-leaderboard-1"


class Bootstrap(FrozenModel):
    """How the intervals were drawn."""

    replicates: int = REPLICATES
    seed: int = BOOTSTRAP_SEED
    confidence: float = CONFIDENCE


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

    format: Literal["xstilts-leaderboard-1"] = FORMAT
    board: Board
    findings: tuple[Finding, ...]
    collapses: tuple[Collapse, ...] = ()
    targets: tuple[TargetStatistics, ...]
    analyses: tuple[OrderAnalysis, ...]
    targets_agreement: Agreement | None
    languages: tuple[LanguageTransfer, ...] = ()
    forgetting: tuple[TargetForgetting, ...] = ()
    bootstrap: Bootstrap | None
    pictures: tuple[Picture, ...] = ()
    drawn_with: str | None = None
    predictions: StoredPredictions | None
    sequence_link: str | None
    reported: tuple[ReportedRow, ...]


def read_publication(page: Path) -> Publication:
    """Read a leaderboard, given its page or its JSON file.

    Raises:
        BoardFileError: There is no readable JSON file of that name.
    """
    require_file_name(page)
    return read_model(Publication, page if page.suffix == ".json" else page.with_suffix(".json"))


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


class ScoreMismatch(FrozenModel):
    """A score that its predictions do not give; None where a side has none."""

    sequence: str
    seed: int
    task: str
    published: float | None
    recomputed: float | None
    items_published: int | None
    items_recomputed: int | None


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
    for target in board.targets:
        answers = correctness(board, target, predictions) if predictions is not None else None
        uncertainty = estimate(answers) if answers else None
        targets.append(target_statistics(board, target, uncertainty))
        orders = uncertainty.orders if uncertainty else ()
        analyses.append(analyse_target(board, target, orders, uncertainty.contrasts if uncertainty else None))
    collapsed = collapses(board, predictions)
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
        bootstrap=Bootstrap() if any(_has_intervals(table) for table in targets) else None,
        predictions=stored,
        sequence_link=sequence_link,
        reported=reported,
    )


def with_recomputed_scores(board: Board, predictions: Predictions) -> tuple[Board, list[ScoreMismatch]]:
    """Return the board with the accuracies that the predictions give, and where they are not its own.

    A score whose predictions are absent is kept and counts as a mismatch.
    """
    mismatches: list[ScoreMismatch] = []
    rows = []
    for row in board.rows:
        seeds = tuple(_recomputed(row, result, predictions, mismatches) for result in row.seeds)
        rows.append(row.model_copy(update={"seeds": seeds}))
    return board.model_copy(update={"rows": tuple(rows)}), mismatches


def _recomputed(
    row: BoardRow, result: SeedResult, predictions: Predictions, mismatches: list[ScoreMismatch]
) -> SeedResult:
    own = predictions.get((row.sequence, result.seed), {})
    scores = {task: own[task].accuracy if task in own else score for task, score in result.scores.items()}
    items = {task: len(own[task].labels) if task in own else count for task, count in result.items.items()}
    for task in dict.fromkeys((*result.scores, *own)):
        present = task in own
        recomputed = (own[task].accuracy, len(own[task].labels)) if present else (None, None)
        published = (result.scores.get(task), result.items.get(task))
        if published != recomputed:
            mismatches.append(
                ScoreMismatch(
                    sequence=row.sequence,
                    seed=result.seed,
                    task=task,
                    published=published[0],
                    recomputed=recomputed[0],
                    items_published=published[1],
                    items_recomputed=recomputed[1],
                )
            )
    return result.model_copy(update={"scores": scores, "items": items})


def _has_intervals(table: TargetStatistics) -> bool:
    return any(row.average_interval is not None for row in table.rows)

"""Leaderboards from what stores hold: one for each sequence file, or one of all."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.config.load import LoadedSequence
from harness.execution.board import make_board
from harness.execution.finished import FinishedEntries
from harness.execution.options import RunOptions
from harness.execution.resolved_plan import ResolvedPlan, resolve
from harness.leaderboard.board import Board
from harness.leaderboard.combine import combine
from harness.leaderboard.publish import Published, publish
from harness.plan.stage import Stage
from harness.plan.tree import Plan
from harness.store.store import Store


def publish_plan(
    resolved: ResolvedPlan, stores: Sequence[Store], options: RunOptions, failures: Mapping[Stage, str]
) -> Published:
    """Write the leaderboard of a plan.

    Args:
        resolved: The plan.
        stores: Where its entries lie; the first that has one counts.
        options: Of the run; the page names the command.
        failures: Stages that failed -> why; of others that are not there it is said that they were not run.

    Raises:
        ConflictingEvaluationsError: Two stores hold other results of the same evaluation.
    """
    finished = FinishedEntries(resolved, stores)
    board = make_board(resolved, finished, options, failures)
    return publish(board, options.leaderboards, finished.predictions(), options.reported)


def publish_files(
    files: Sequence[LoadedSequence],
    folders: Sequence[Path],
    options: RunOptions,
    together: str | None = None,
    title: str | None = None,
) -> Iterator[Published]:
    """Write a leaderboard of each sequence file, or one of all under the name `together`.

    Raises:
        ConflictingEvaluationsError: Two stores hold other results of the same evaluation.
        IncompatibleBoardsError: The files' rows cannot stand in one table.
    """
    stores = [Store(folder) for folder in folders]
    resolved_plans = (resolve(Plan.of(options.apply(loaded)), options.data_dir) for loaded in files)
    if together is None:
        for resolved in resolved_plans:
            yield publish_plan(resolved, stores, options, {})
        return
    boards: list[Board] = []
    predictions: dict[str, Path] = {}
    for resolved in resolved_plans:
        finished = FinishedEntries(resolved, stores)
        boards.append(make_board(resolved, finished, options, {}))
        predictions |= finished.predictions()
    board = combine(boards, together, title, None)
    yield publish(board, options.leaderboards, predictions, options.reported)

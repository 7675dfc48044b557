"""From the predictions of evaluations to the item scores of a table."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.metrics.item_file import read_items
from harness.metrics.item_scores import Predictions, PredictionsError, TaskItems
from harness.metrics.shared_columns import SharedColumns
from harness.results.averages import complete_rows
from harness.results.board import Board, BoardRow, EvaluatedLanguage, SeedResult
from harness.statistics.item_table import ItemTable

Array = npt.NDArray[Any]


def evaluated(board: Board) -> Iterator[tuple[BoardRow, SeedResult]]:
    """Yield the row and seed of every result that has scores."""
    for row in board.rows:
        for result in row.seeds:
            if result.scores:
                yield row, result


def gather_predictions(board: Board, files: Mapping[str, Path]) -> Predictions:
    """Read the predictions of every scored row and seed from the evaluations' own files.

    Args:
        board: The results to publish.
        files: Evaluation digest -> its table of item scores.

    Raises:
        PredictionsError: A file is missing or unreadable, or lacks a task that has a score.
    """
    gathered: Predictions = {}
    shared = SharedColumns()
    for row, result in evaluated(board):
        if result.evaluation_digest is None or result.evaluation_digest not in files:
            raise PredictionsError(
                f"{row.sequence}, seed {result.seed}: its evaluation has no predictions file"
            )
        path = files[result.evaluation_digest]
        tasks = read_items(path, shared)
        if missing := sorted(result.scores.keys() - tasks.keys()):
            raise PredictionsError(f"{path}: no predictions of {', '.join(missing)}; evaluate it again")
        gathered[row.sequence, result.seed] = {task: tasks[task] for task in result.scores}
    return gathered


def item_table(board: Board, target: str, predictions: Predictions) -> ItemTable | None:
    """Line up the item scores of the complete rows of a target under its headline metric.

    Items of one corpus that carry the same cluster are sampled together, in all its languages.

    Returns:
        None where no row is complete or there are fewer than two clusters.

    Raises:
        PredictionsError: Two checkpoints were scored on other items, by other references or metrics.
    """
    columns, metric = board.languages[target], board.metrics[target][0]
    rows = [row for row, _ in complete_rows(board, target)]
    if not rows:
        return None
    answers = [[predictions[row.sequence, seed] for seed in board.seeds] for row in rows]
    places, clusters = _places(columns, answers[0][0])
    if clusters < 2:
        return None
    numerators, denominators, present = [], [], np.zeros((len(columns), clusters), np.bool_)
    right_or_wrong = True
    for number, column in enumerate(columns):
        first, own = answers[0][0][column.task], places[column.task]
        present[number, own] = True
        given = []
        for row, seeds in zip(rows, answers, strict=True):
            for seed, tasks in zip(board.seeds, seeds, strict=True):
                _require_same(tasks[column.task], first, f"{row.sequence}, seed {seed}, {column.task}")
                given.append(tasks[column.task].scores.get(metric.name))
        scores = [scores for scores in given if scores is not None]
        if len(scores) < len(given):
            raise PredictionsError(
                f"{column.task}: not scored by {metric.name} throughout; evaluate it again"
            )
        right_or_wrong &= all(part.right_or_wrong for part in scores)
        numerators.append(_by_cluster([part.numerators for part in scores], own, clusters))
        under = [part.denominators for part in scores]
        alike = all(part is under[0] or np.array_equal(part, under[0]) for part in under)
        denominators.append(_by_cluster(under[:1] if alike else under, own, clusters))
    shape = (len(rows), len(board.seeds))
    return ItemTable(
        sequences=tuple(row.sequence for row in rows),
        orders=tuple(row.order for row in rows),
        numerators=_stacked(numerators, shape),
        denominators=_stacked(denominators, shape),
        present=present,
        right_or_wrong=right_or_wrong,
        higher_is_better=metric.higher_is_better,
    )


def _places(
    columns: Sequence[EvaluatedLanguage], tasks: Mapping[str, TaskItems]
) -> tuple[dict[str, npt.NDArray[np.int64]], int]:
    """Number the clusters through the corpora; return each task's items' clusters, and how many there are."""
    clusters: dict[tuple[str, str], int] = {}
    places = {}
    for column in columns:
        names = tasks[column.task].clusters.decoded()
        own = [clusters.setdefault((column.corpus, name), len(clusters)) for name in names]
        places[column.task] = np.array(own, np.int64)
    return places, len(clusters)


def _by_cluster(runs: Sequence[Array], places: npt.NDArray[np.int64], clusters: int) -> Array:
    """Add up items within clusters, (runs, clusters), in the narrowest type that the runs have in common."""
    kind = np.result_type(*runs)
    if len(np.unique(places)) == len(places):
        table = np.zeros((len(runs), clusters), kind)
        for number, run in enumerate(runs):
            table[number, places] = run
        return table
    sums = np.stack([np.bincount(places, run.astype(np.float64), clusters) for run in runs])
    whole = kind.kind in "ui" and sums.max(initial=0) < np.iinfo(np.int32).max
    return sums.astype(np.int32) if whole else sums


def _stacked(languages: Sequence[Array], shape: tuple[int, int]) -> Array:
    """Put languages together, (rows, seeds, languages, clusters); where all runs are alike, one stands."""
    runs = max(map(len, languages))
    whole = shape if runs > 1 else (1, 1)
    table = np.zeros((runs, len(languages), languages[0].shape[1]), np.result_type(*languages))
    for number, language in enumerate(languages):
        table[:, number] = language
    return table.reshape(*whole, *table.shape[1:])


def _require_same(answers: TaskItems, other: TaskItems, place: str) -> None:
    if not (answers.items.equals(other.items) and answers.clusters.equals(other.clusters)):
        raise PredictionsError(f"{place}: scored on other items than the rest of its table")
    if not answers.references.equals(other.references):
        raise PredictionsError(f"{place}: scored against other references than the rest of its table")

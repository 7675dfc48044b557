"""Per-item predictions: gathered from evaluations, kept compactly beside a page, read back to verify it.

The stored file is one parquet table sorted by row, seed and task of the board, items in evaluation order:
`sequence`, `task`, `item` (dictionary-encoded text), `seed` (int32), `label` and `prediction` (int8).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import RunError
from harness.leaderboard.board import Board, BoardRow, SeedResult
from harness.leaderboard.statistics import average, complete_seeds
from harness.leaderboard.uncertainty import Correctness

_ROW_GROUP = 1 << 20
_PAGE_BYTES = 1 << 22
_ROWS_AT_ONCE = 1 << 14
_MOST_BYTES = 16 << 30
_STORED = pa.schema(
    [
        ("sequence", pa.dictionary(pa.int32(), pa.string())),
        ("seed", pa.int32()),
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("item", pa.dictionary(pa.int32(), pa.string())),
        ("label", pa.int8()),
        ("prediction", pa.int8()),
    ]
)


class PredictionsError(RunError):
    """Predictions are missing, damaged, or do not belong to the board."""


@dataclass(frozen=True)
class TaskPredictions:
    """One checkpoint's answers on one task, all arrays (items,), in evaluation order."""

    items: npt.NDArray[np.object_]
    labels: npt.NDArray[np.int8]
    predictions: npt.NDArray[np.int8]

    @property
    def accuracy(self) -> float:
        """The share of items whose prediction is the label."""
        return int((self.labels == self.predictions).sum()) / len(self.labels)


Checkpoint = tuple[str, int]
Predictions = dict[Checkpoint, dict[str, TaskPredictions]]


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
        files: Evaluation digest -> `predictions.parquet` with task, item_id, label, prediction.

    Raises:
        PredictionsError: A file is missing or unreadable, or lacks a task that has a score.
    """
    gathered: Predictions = {}
    for row, result in evaluated(board):
        if result.evaluation_digest is None or result.evaluation_digest not in files:
            raise PredictionsError(
                f"{row.sequence}, seed {result.seed}: its evaluation has no predictions file"
            )
        path = files[result.evaluation_digest]
        table = _read(path, ["task", "item_id", "label", "prediction"])
        tasks = _by_task(table, "item_id")
        if missing := sorted(result.scores.keys() - tasks.keys()):
            raise PredictionsError(f"{path}: no predictions of {', '.join(missing)}; evaluate it again")
        gathered[row.sequence, result.seed] = {task: tasks[task] for task in result.scores}
    return gathered


def write_predictions(predictions: Predictions, path: Path) -> int:
    """Write the compact file and return the number of predictions in it."""
    parts = [
        _stored_part(sequence, seed, task, answers)
        for (sequence, seed), tasks in predictions.items()
        for task, answers in tasks.items()
    ]
    table = pa.concat_tables(parts).unify_dictionaries() if parts else _STORED.empty_table()
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=9,
        row_group_size=_ROW_GROUP,
        data_page_size=_PAGE_BYTES,
        max_rows_per_page=_ROW_GROUP,
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
    )
    return int(table.num_rows)


def read_predictions(path: Path) -> Predictions:
    """Read a compact file back.

    Raises:
        PredictionsError: It is missing, damaged, or has other columns.
    """
    table = _read(path, _STORED.names)
    sequences = table["sequence"].to_numpy(zero_copy_only=False)
    seeds = table["seed"].to_numpy()
    found: Predictions = {}
    if not len(seeds):
        return found
    change = (sequences[1:] != sequences[:-1]) | (seeds[1:] != seeds[:-1])
    starts = [0, *(np.flatnonzero(change) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True):
        checkpoint = (str(sequences[start]), int(seeds[start]))
        if checkpoint in found:
            raise PredictionsError(
                f"{path}: the rows of {checkpoint[0]}, seed {checkpoint[1]} are not together"
            )
        found[checkpoint] = _by_task(table.slice(start, end - start), "item")
    return found


def correctness(board: Board, target: str, predictions: Predictions) -> Correctness | None:
    """Line up the answers of the complete rows of a target, items clustered across its languages.

    Items of one corpus that carry the same id are translations of each other.

    Returns:
        None where no row is complete or fewer than two items were scored.

    Raises:
        PredictionsError: Two checkpoints were scored on other items or other labels.
    """
    columns = board.languages[target]
    rows = [row for row in board.rows_of(target) if _is_complete(board, row)]
    if not rows:
        return None
    first = predictions[rows[0].sequence, board.seeds[0]]
    clusters: dict[tuple[str, str], int] = {}
    places = {
        column.task: np.array(
            [clusters.setdefault((column.corpus, item), len(clusters)) for item in first[column.task].items]
        )
        for column in columns
    }
    if len(clusters) < 2:
        return None
    correct = np.zeros((len(rows), len(board.seeds), len(columns), len(clusters)), np.int8)
    present = np.zeros((len(columns), len(clusters)), np.bool_)
    for position, column in enumerate(columns):
        present[position, places[column.task]] = True
        for r, row in enumerate(rows):
            for s, seed in enumerate(board.seeds):
                answers = predictions[row.sequence, seed][column.task]
                _same_items(answers, first[column.task], f"{row.sequence}, seed {seed}, {column.task}")
                correct[r, s, position, places[column.task]] = answers.labels == answers.predictions
    return Correctness(tuple(r.sequence for r in rows), tuple(r.order for r in rows), correct, present)


def _is_complete(board: Board, row: BoardRow) -> bool:
    seeds = complete_seeds(board, row)
    columns = board.languages[row.target]
    return seeds is not None and all(average(scores, columns) is not None for scores in seeds)


def _same_items(answers: TaskPredictions, other: TaskPredictions, place: str) -> None:
    if not np.array_equal(answers.items, other.items):
        raise PredictionsError(f"{place}: scored on other items than the rest of its table")
    if not np.array_equal(answers.labels, other.labels):
        raise PredictionsError(f"{place}: scored against other labels than the rest of its table")


def _stored_part(sequence: str, seed: int, task: str, answers: TaskPredictions) -> pa.Table:
    size = len(answers.labels)
    same = pa.array(np.zeros(size, np.int32))
    return pa.table(
        {
            "sequence": pa.DictionaryArray.from_arrays(same, pa.array([sequence])),
            "seed": pa.array(np.full(size, seed, np.int32)),
            "task": pa.DictionaryArray.from_arrays(same, pa.array([task])),
            "item": pa.array(answers.items, pa.string()).dictionary_encode(),
            "label": pa.array(answers.labels, pa.int8()),
            "prediction": pa.array(answers.predictions, pa.int8()),
        },
        schema=_STORED,
    )


def _read(path: Path, columns: list[str]) -> Any:
    if not path.is_file():
        raise PredictionsError(f"{path}: there is no such predictions file")
    try:
        table = _within_limit(path, pq.ParquetFile(path, page_checksum_verification=True))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise PredictionsError(
            f"{path}: not a readable parquet file ({str(error).splitlines()[0]})"
        ) from error
    if missing := [column for column in columns if column not in table.column_names]:
        raise PredictionsError(f"{path}: the columns {', '.join(missing)} are missing")
    table = table.select(columns)
    if any(table[column].null_count for column in columns):
        raise PredictionsError(f"{path}: values are missing in it")
    return table


def _within_limit(path: Path, file: pq.ParquetFile) -> Any:
    """Read a table bit by bit: a page from elsewhere may bring a small file that unpacks to terabytes."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        size += batch.nbytes
        if size > _MOST_BYTES:
            raise PredictionsError(f"{path}: unpacks to more than {_MOST_BYTES / 2**30:.0f} GiB; not read")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=None if batches else file.schema_arrow)


def _by_task(table: Any, item_column: str) -> dict[str, TaskPredictions]:
    tasks = table["task"].to_numpy(zero_copy_only=False)
    items = table[item_column].to_numpy(zero_copy_only=False)
    labels = table["label"].to_numpy()
    predictions = table["prediction"].to_numpy()
    found = {}
    for task in dict.fromkeys(tasks):
        chosen = tasks == task
        found[str(task)] = TaskPredictions(items[chosen], labels[chosen], predictions[chosen])
    return found

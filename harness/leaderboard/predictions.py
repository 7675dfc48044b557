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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import RunError
from harness.leaderboard.board import Board, BoardRow, SeedResult
from harness.leaderboard.statistics import average, complete_seeds
from harness.leaderboard.uncertainty import Correctness

_ROW_GROUP = 1 << 20
_PAGE_BYTES = 1 << 22
_NAMED = 5
_TEXTS = frozenset({"sequence", "task", "item", "item_id"})
_EVALUATED = ["task", "item_id", "label", "prediction"]
_ROWS_AT_ONCE = 1 << 14
_MOST_BYTES = 16 << 30
_LONGEST_TEXT = 10_000
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

    def difference(self, other: "TaskPredictions") -> str | None:
        """Say what is not the same in another checkpoint's answers; None where nothing is."""
        if not np.array_equal(self.items, other.items):
            return f"{len(self.items)} items against {len(other.items)} or other items"
        for what, own, others in (
            ("labels", self.labels, other.labels),
            ("predictions", self.predictions, other.predictions),
        ):
            places = np.flatnonzero(own != others)
            if len(places):
                named = ", ".join(str(item) for item in self.items[places[:_NAMED]])
                more = ", …" if len(places) > _NAMED else ""
                return f"{len(places)} of {len(own)} {what} differ (items {named}{more})"
        return None


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
    items = _Items()
    for row, result in evaluated(board):
        if result.evaluation_digest is None or result.evaluation_digest not in files:
            raise PredictionsError(
                f"{row.sequence}, seed {result.seed}: its evaluation has no predictions file"
            )
        path = files[result.evaluation_digest]
        tasks = _by_task(_read(path, _EVALUATED), "item_id", items)
        if missing := sorted(result.scores.keys() - tasks.keys()):
            raise PredictionsError(f"{path}: no predictions of {', '.join(missing)}; evaluate it again")
        gathered[row.sequence, result.seed] = {task: tasks[task] for task in result.scores}
    return gathered


def evaluation_answers(path: Path) -> dict[str, TaskPredictions]:
    """Read the answers of one evaluation's own `predictions.parquet`, by task.

    Raises:
        PredictionsError: It is missing or damaged.
    """
    return _by_task(_read(path, _EVALUATED), "item_id", _Items())


def write_predictions(predictions: Predictions, path: Path) -> int:
    """Write the compact file and return the number of predictions in it."""
    names: dict[int, pa.Array] = {}
    parts = [
        _stored_part(sequence, seed, task, answers, names)
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
    sequences = table["sequence"].combine_chunks()
    codes, seeds = sequences.indices.to_numpy(), table["seed"].to_numpy()
    items = _Items()
    found: Predictions = {}
    if not len(seeds):
        return found
    change = (codes[1:] != codes[:-1]) | (seeds[1:] != seeds[:-1])
    starts = [0, *(np.flatnonzero(change) + 1).tolist()]
    for start, end in zip(starts, [*starts[1:], len(seeds)], strict=True):
        checkpoint = (sequences[start].as_py(), int(seeds[start]))
        if checkpoint in found:
            raise PredictionsError(
                f"{path}: the rows of {checkpoint[0]}, seed {checkpoint[1]} are not together"
            )
        found[checkpoint] = _by_task(table.slice(start, end - start), "item", items)
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
    if answers.items is not other.items and not np.array_equal(answers.items, other.items):
        raise PredictionsError(f"{place}: scored on other items than the rest of its table")
    if not np.array_equal(answers.labels, other.labels):
        raise PredictionsError(f"{place}: scored against other labels than the rest of its table")


class _Items:
    """Item ids by task, so that those of all checkpoints are one array: 5,000 evaluations name them alike."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[pa.Array, npt.NDArray[np.object_]]] = {}

    def of(self, task: str, ids: pa.Array) -> npt.NDArray[np.object_]:
        """Return the ids as an array that must not be written to."""
        known = self._known.get(task)
        if known is None or not known[0].equals(ids):
            known = self._known[task] = (ids, ids.to_numpy(zero_copy_only=False))
        return known[1]


def _stored_part(
    sequence: str, seed: int, task: str, answers: TaskPredictions, names: dict[int, pa.Array]
) -> pa.Table:
    size = len(answers.labels)
    # The arrays live as long as the predictions, so their addresses tell them apart.
    if id(answers.items) not in names:
        names[id(answers.items)] = pa.array(answers.items, pa.string()).dictionary_encode()
    same = pa.array(np.zeros(size, np.int32))
    return pa.table(
        {
            "sequence": pa.DictionaryArray.from_arrays(same, pa.array([sequence])),
            "seed": pa.array(np.full(size, seed, np.int32)),
            "task": pa.DictionaryArray.from_arrays(same, pa.array([task])),
            "item": names[id(answers.items)],
            "label": pa.array(answers.labels, pa.int8()),
            "prediction": pa.array(answers.predictions, pa.int8()),
        },
        schema=_STORED,
    )


def _read(path: Path, columns: list[str]) -> Any:
    """Read columns, each in one chunk, those of text as codes of one dictionary."""
    if not path.is_file():
        raise PredictionsError(f"{path}: there is no such predictions file")
    texts = [column for column in columns if column in _TEXTS]
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=texts)
        table = _within_limit(path, file, columns).select(columns)
    except KeyError as error:
        missing = [column for column in columns if column not in pq.read_schema(path).names]
        raise PredictionsError(f"{path}: the columns {', '.join(missing)} are missing") from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise PredictionsError(
            f"{path}: not a readable parquet file ({str(error).splitlines()[0]})"
        ) from error
    if any(table[column].null_count for column in columns):
        raise PredictionsError(f"{path}: values are missing in it")
    for text in texts:
        kind = table[text].type
        if pa.types.is_string(kind):
            # An empty file has no dictionary.
            table = table.set_column(table.column_names.index(text), text, table[text].dictionary_encode())
        elif not pa.types.is_dictionary(kind):
            raise PredictionsError(f"{path}: the column {text} is no text")
    return table.unify_dictionaries().combine_chunks()


def _within_limit(path: Path, file: pq.ParquetFile, columns: list[str]) -> Any:
    """Read a table bit by bit: a page from elsewhere may bring a small file that unpacks to terabytes."""
    batches, size = [], 0
    # Handing a small file to threads and back takes longer than reading it.
    threads = file.metadata.num_rows > _ROW_GROUP
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=threads):
        size += batch.nbytes
        # References to one long text are small until they are followed.
        texts = [column.dictionary for column in batch.columns if isinstance(column, pa.DictionaryArray)]
        if any((pc.max(pc.binary_length(text)).as_py() or 0) > _LONGEST_TEXT for text in texts):
            raise PredictionsError(f"{path}: holds a name of more than {_LONGEST_TEXT:,} bytes; not read")
        if size > _MOST_BYTES:
            raise PredictionsError(f"{path}: unpacks to more than {_MOST_BYTES / 2**30:.0f} GiB; not read")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=None if batches else file.schema_arrow)


def _by_task(table: Any, item_column: str, known: _Items) -> dict[str, TaskPredictions]:
    """Split a table by its tasks, each text column in one chunk of a dictionary."""
    tasks, items = (table[name].combine_chunks() for name in ("task", item_column))
    codes = tasks.indices.to_numpy()
    labels, predictions = table["label"].to_numpy(), table["prediction"].to_numpy()
    found = {}
    for code in dict.fromkeys(codes.tolist()):
        chosen = np.flatnonzero(codes == code)
        task = tasks.dictionary[code].as_py()
        ids = known.of(task, items.take(pa.array(chosen)).dictionary_decode())
        found[task] = TaskPredictions(ids, labels[chosen], predictions[chosen])
    return found

"""What a checkpoint answered, item by item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TaskPredictions:
    """The answers for the items of one task, in the order of its rows.

    Attributes:
        item_ids: the items.
        labels: right answers as positions in the task's labels; shape (items,).
        logprobs: natural logarithms; shape (items, labels), columns in the task's order of labels.
    """

    item_ids: tuple[str, ...]
    labels: NDArray[np.int64]
    logprobs: NDArray[np.float64]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """The likeliest label of each item; the first of equals."""
        likeliest: NDArray[np.int64] = self.logprobs.argmax(axis=1)
        return likeliest

    @property
    def accuracy(self) -> float:
        """The share of items whose likeliest label is right."""
        return float((self.predictions == self.labels).mean())


def collect_logprobs(tasks: Mapping[str, Any]) -> dict[str, dict[int, list[float]]]:
    """Return {task: {row: log-probability of each choice, in the task's order}} from evaluated lm-eval tasks.

    Holds only the rows that this process scored.
    """
    found: dict[str, dict[int, list[float]]] = {}
    for name, task in tasks.items():
        rows = found.setdefault(name, {})
        for instance in task.instances:
            # lm-eval makes a document's requests in the order of its choices.
            rows.setdefault(instance.doc_id, []).append(instance.resps[0][0])
    return found


def merge_logprobs(
    parts: Sequence[Mapping[str, Mapping[int, list[float]]]], task: str
) -> NDArray[np.float64]:
    """Return one task's log-probabilities from all processes by row: shape (items, labels)."""
    rows = {row: logprobs for part in parts for row, logprobs in part[task].items()}
    return np.array([rows[row] for row in sorted(rows)], dtype=np.float64)


def write_predictions(predictions: Mapping[str, TaskPredictions], path: Path) -> None:
    """Write the answers of all tasks as one parquet file, tasks by name, items in the order of their rows.

    Columns: task str, item_id str, label int8, prediction int8, logprobs list<float32>.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [(name, predictions[name]) for name in sorted(predictions)]
    tables = [
        pa.table(
            {
                "task": pa.array([name] * len(part.item_ids), pa.string()),
                "item_id": pa.array(part.item_ids, pa.string()),
                "label": pa.array(part.labels, pa.int8()),
                "prediction": pa.array(part.predictions, pa.int8()),
                "logprobs": pa.array(list(part.logprobs.astype(np.float32)), pa.list_(pa.float32())),
            }
        )
        for name, part in parts
    ]
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")

"""The log-probabilities that a checkpoint gave to each choice, item by item."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOGPROBS = "logprobs.parquet"


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


def write_logprobs(logprobs: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Write the log-probabilities of all tasks, items in the order of their rows.

    Columns: task str, logprobs list<float32> in the order of the task's choices.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [
        pa.table(
            {
                "task": pa.array([task] * len(rows), pa.string()),
                "logprobs": pa.array(list(rows.astype(np.float32)), pa.list_(pa.float32())),
            }
        )
        for task, rows in logprobs.items()
    ]
    pq.write_table(pa.concat_tables(tables), path, compression="zstd")

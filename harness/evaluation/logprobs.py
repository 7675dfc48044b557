"""What a checkpoint answered, item by item, and the log-probabilities that it gave to each choice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LOGPROBS = "logprobs.parquet"

Answer = str | list[float]
"""A text, or the log-probability of each label or candidate, in the task's order."""


def collect_answers(tasks: Mapping[str, Any]) -> dict[str, dict[int, Answer]]:
    """Return {task: {row: answer}} from evaluated lm-eval tasks; only the rows that this process scored."""
    found: dict[str, dict[int, Answer]] = {}
    for name, task in tasks.items():
        rows = found.setdefault(name, {})
        for instance in task.instances:
            answer = instance.resps[0]
            if isinstance(answer, str):
                rows[instance.doc_id] = answer
                continue
            # lm-eval makes a document's requests in the order of its choices.
            choices = rows.setdefault(instance.doc_id, [])
            assert isinstance(choices, list)
            choices.append(answer[0])
    return found


def merge_answers(parts: Sequence[Mapping[str, Mapping[int, Answer]]], task: str) -> list[Answer]:
    """Return one task's answers from all processes, in the order of its rows."""
    rows = {row: answer for part in parts for row, answer in part[task].items()}
    return [rows[row] for row in sorted(rows)]


def write_logprobs(answers: Mapping[str, Sequence[Answer]], path: Path) -> None:
    """Write the log-probabilities of all tasks that choose, in the order of their rows; no file for none.

    Columns: task str, logprobs list<float32> in the order of the task's choices.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [
        pa.table(
            {
                "task": pa.array([task] * len(rows), pa.string()),
                "logprobs": pa.array(rows, pa.list_(pa.float32())),
            }
        )
        for task, rows in answers.items()
        if not any(isinstance(row, str) for row in rows)
    ]
    if tables:
        pq.write_table(pa.concat_tables(tables), path, compression="zstd")

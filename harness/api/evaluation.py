"""Scoring a checkpoint, as `xstilts eval` does."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import ArgumentError, Folders, folders
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.evaluation.job import EvaluationProgress, EvaluationResult


class NoTasksError(UserError):
    """A list of names holds none."""


def evaluate(
    checkpoint: str | Path,
    tasks: str | Sequence[str],
    *,
    output: str | Path,
    data_dir: Folders = (),
    split: str = "test",
    limit: int | None = None,
    batch_size: int = 64,
    precision: str = "fp32",
    labels: str | Sequence[str] | None = None,
    include_path: Sequence[str | Path] = (),
    revision: str = "main",
    trust_remote_code: bool = False,
    report: "Callable[[EvaluationProgress], None] | None" = None,
) -> "EvaluationResult | None":
    """Score a checkpoint on evaluation tasks by lm-evaluation-harness, in this process.

    Leaves `results.json`, in lm-eval's format, and `predictions.parquet` in the output folder.

    Args:
        checkpoint: A Hugging Face folder with a head, a finished stage's folder, or a hub id.
        tasks: Groups or tasks; as one text, separated by commas.
        output: Folder for the results.
        data_dir: Folders with local data in XTREME's layout; `XSTILTS_DATA`, else the hub, where none.
        split: `test` or `validation`.
        limit: Only the first so many items of each task.
        batch_size: Documents of full length in a forward pass; of short ones it takes more.
        precision: `fp32`, `bf16` or `fp16`.
        labels: What the head's outputs mean, in order, where the checkpoint's configuration does not say it.
        include_path: Folders of corpora and evaluation tasks, besides the shipped and the user's own.
        revision: Branch, tag or commit of a hub model.
        trust_remote_code: Run code that comes with the checkpoint.
        report: Called after every batch.

    Returns:
        The scores; None in the processes of a group (torchrun) that are not its first.

    Raises:
        UserError: The checkpoint, a task or its data cannot be used as they are.
    """
    from pydantic import ValidationError

    from harness.data.location import data_folders
    from harness.evaluation.job import EvaluationJob
    from harness.models.references import ModelRef

    wanted = _names(tasks, "tasks")
    named = None if labels is None else _names(labels, "labels")
    try:
        job = EvaluationJob.model_validate(
            {
                "checkpoint": ModelRef(
                    name=str(checkpoint), revision=revision, trust_remote_code=trust_remote_code
                ),
                "tasks": wanted,
                "split": split,
                "limit": limit,
                "batch_size": batch_size,
                "precision": precision,
                "data_dir": data_folders(folders(data_dir)),
                "labels": named,
                "task_folders": tuple(Path(folder).resolve() for folder in include_path),
                "output": Path(output),
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ArgumentError(f"{place}: {first['input']!r}: {first['msg']}") from error
    from harness.evaluation.score import evaluate_checkpoint

    return evaluate_checkpoint(job, report)


def _names(names: str | Sequence[str], argument: str) -> tuple[str, ...]:
    """Return names that are given as a sequence, or as one text with commas between them."""
    parts = names.split(",") if isinstance(names, str) else names
    found = tuple(part.strip() for part in parts if part.strip())
    if not found:
        raise NoTasksError(f"{argument}: {names!r} names nothing; separate names by commas")
    return found

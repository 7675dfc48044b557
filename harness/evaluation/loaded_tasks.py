"""Evaluation tasks ready for lm-eval, loaded once per process and used for many checkpoints."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.compat.lm_eval import quiet_lm_eval
from harness.data.location import as_folders, data_folders
from harness.errors import RunError
from harness.evaluation.datasets import ScoredRows, scored_rows
from harness.evaluation.job import EvaluationJob
from harness.evaluation.results_file import task_hash
from harness.evaluation.task_manager import EvaluationTaskManager


class TasksNotLoadedError(RunError):
    """lm-eval loaded other tasks than it was asked for."""


@dataclass(frozen=True)
class LoadedTasks:
    """Tasks and their groups, as `lm_eval.evaluate` takes them, and the rows behind each task."""

    for_lm_eval: dict[str, Any]
    rows: dict[str, ScoredRows]
    _hashes: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def tasks(self) -> dict[str, Any]:
        """The leaf tasks by name."""
        tasks: dict[str, Any] = self.for_lm_eval["tasks"]
        return tasks

    def hash(self, task: str, items: int) -> str:
        """Return lm-eval's hash of a task's first documents; made once, as it doesn't depend on the model."""
        if (task, items) not in self._hashes:
            self._hashes[task, items] = task_hash(self.tasks[task], items)
        return self._hashes[task, items]

    def forget_requests(self) -> None:
        """Free the requests of the last evaluation: about 3 KB a document."""
        for task in self.tasks.values():
            task._instances = None


def load_tasks(job: EvaluationJob) -> LoadedTasks:
    """Return the job's tasks; the same tasks, split and data folder are loaded once.

    Raises:
        UnknownEvaluationTaskError: a task is unknown.
        TasksNotLoadedError: lm-eval did not load what it was asked for.
        UserError: a task's rows can't be had or scored.
    """
    return _load(job.tasks, job.split, data_folders(as_folders(job.data_dir)), job.task_folders)


@functools.lru_cache(maxsize=8)
def _load(
    names: tuple[str, ...], split: str, folders: tuple[Path, ...], task_folders: tuple[Path, ...]
) -> LoadedTasks:
    manager = EvaluationTaskManager(
        include_path=list(task_folders),
        include_defaults=False,
        metadata={"split": split, "data_dir": [*map(str, folders)]},
    )
    leaves = tuple(dict.fromkeys(leaf for name in names for leaf in manager.leaves(name)))
    with quiet_lm_eval():
        loaded = manager.load(manager.within(leaves))
    if set(loaded["tasks"]) != set(leaves):
        raise TasksNotLoadedError(
            f"lm-eval loaded {', '.join(loaded['tasks'])} where {', '.join(leaves)} were asked for"
        )
    loaded["tasks"] = {leaf: loaded["tasks"][leaf] for leaf in leaves}
    rows = {}
    for name, task in loaded["tasks"].items():
        metadata = task.config.metadata
        rows[name] = scored_rows(metadata["corpus"], metadata["language"], split, folders, task_folders)
    return LoadedTasks(loaded, rows)

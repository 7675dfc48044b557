"""All the rows that a sequence file trains and evaluates on."""

from collections.abc import Mapping

from harness.config.load import LoadedSequence
from harness.data.evaluation_rows import EvaluationRows, load_evaluation_rows
from harness.data.location import DataFolders
from harness.data.lock import Lock
from harness.data.rows import TrainingRows, load_training_rows
from harness.kinds.registry import TrainingTask


def training_rows(
    tasks: Mapping[str, TrainingTask], data_dir: DataFolders, lock: Lock | None = None
) -> dict[str, TrainingRows]:
    """Load the rows of training tasks, by the tasks' names.

    Raises:
        UserError: Some cannot be had, or are not those of the lock.
    """
    found = {}
    for name, task in tasks.items():
        revision = lock.revision(name) if lock else None
        found[name] = load_training_rows(task, data_dir=data_dir, revision=revision)
        if lock is not None:
            lock.check(name, found[name])
    return found


def evaluation_rows(
    loaded: LoadedSequence, data_dir: DataFolders, lock: Lock | None = None
) -> dict[str, EvaluationRows]:
    """Load the rows that a sequence file's checkpoints are scored on, by the leaf tasks' names.

    Raises:
        UserError: Some cannot be had, or are not those of the lock.
    """
    split = loaded.spec.evaluation.split
    found = {}
    for task in dict.fromkeys(task for leaves in loaded.evaluations.values() for task in leaves):
        found[task.name] = load_evaluation_rows(task.corpus, task.language, split=split, data_dir=data_dir)
        if lock is not None:
            lock.check(task.name, found[task.name])
    return found

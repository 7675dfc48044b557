"""All the rows that a sequence file trains and evaluates on."""

from collections.abc import Collection, Mapping

from harness.config.load import LoadedSequence
from harness.data.evaluation_rows import EvaluationRows, load_evaluation_rows
from harness.data.location import DataFolders
from harness.data.lock import Lock
from harness.data.rows import NoSourceError, TrainingRows, load_training_rows
from harness.kinds.registry import TrainingTask


class DataMissingError(NoSourceError):
    """Several data sets are not available; all are named."""


def all_rows(
    tasks: Mapping[str, TrainingTask],
    loaded: LoadedSequence,
    data_dir: DataFolders,
    lock: Lock | None = None,
) -> tuple[dict[str, TrainingRows], dict[str, EvaluationRows]]:
    """Load the rows of training tasks and those that checkpoints are scored on, by the tasks' names.

    Args:
        tasks: The training tasks.
        loaded: The sequence file.
        data_dir: The data folders.
        lock: What the rows have to be.

    Raises:
        NoSourceError: Some are not available; names all of them.
        UserError: Some are faulty, or are not those of the lock.
    """
    missing: list[str] = []
    training, evaluation = dict[str, TrainingRows](), dict[str, EvaluationRows]()
    for name, task in tasks.items():
        try:
            revision = lock.revision(name) if lock else None
            training[name] = load_training_rows(task, data_dir=data_dir, revision=revision)
        except NoSourceError as error:
            missing.append(str(error))
    leaves = loaded.scored_splits
    for leaf, split in leaves.items():
        try:
            evaluation[leaf.name] = load_evaluation_rows(
                leaf.corpus, leaf.language, split=split, data_dir=data_dir
            )
        except NoSourceError as error:
            missing.append(f"{leaf.name}: {error}")
    if missing:
        raise _all_missing(missing, [leaf.name for leaf in leaves], evaluation)
    if lock is not None:
        for name, rows in training.items():
            lock.check(name, rows)
        for name, scored in evaluation.items():
            lock.check(name, scored)
    return training, evaluation


def _all_missing(missing: list[str], leaves: list[str], there: Collection[str]) -> NoSourceError:
    text = "\n".join(missing)
    if len(missing) > 1:
        text = f"{len(missing)} data sets are not available:\n{text}"
    text += "\nPut the files there, or name the folders that hold them: --data-dir, once for each"
    if there and len(there) < len(leaves):
        text += f"; or score only what is there: evaluation: {{tasks: [{', '.join(there)}]}}"
    return DataMissingError(text)

"""The rows of a training task, from the first of its sources that is at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.examples import classification_dataset, input_texts
from harness.data.fingerprint import fingerprint
from harness.data.labels import UNLABELLED, label_ids, require_labelled
from harness.data.location import below
from harness.data.sources.columns import SourceColumns
from harness.data.sources.embedded import read_embedded_training
from harness.data.sources.folder import read_file
from harness.data.sources.hub import HubUnavailableError, read_hub
from harness.errors import UserError
from harness.spec.training_task import TrainingTask

if TYPE_CHECKING:
    from datasets import Dataset


class NoSourceError(UserError):
    """None of a task's sources is at hand."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows of one training task.

    Attributes:
        dataset: Columns text_a (string), text_b (string, null for single texts), label (int64).
        fingerprint: sha256 of texts and label names in row order, the same from every source.
        source: `folder: PATH below the data folder`, `hub: REPOSITORY …` or `embedded: NAME`.
        revision: Commit of a hub repository, else None.
        warnings: What a user should know about these rows, one sentence each.
    """

    dataset: "Dataset"
    fingerprint: str
    source: str
    revision: str | None
    warnings: tuple[str, ...] = ()


def load_training_rows(
    task: TrainingTask, *, data_dir: Path | None, revision: str | None = None
) -> TrainingRows:
    """Load the rows of a task: its file below the data folder, else the hub, else the embedded corpus.

    Args:
        task: The training task.
        data_dir: The data folder, or None for none.
        revision: Commit of the hub repository, in place of the task's own.

    Raises:
        NoSourceError: no source is at hand; lists each that was tried and why not.
        UserError: a source is at hand but faulty (see `harness.data.sources`, `harness.data.labels`).
    """
    source = _first_at_hand(task, data_dir, revision)
    ids = label_ids(source, task.label, task.labels, task.label_values)
    text_a, text_b = input_texts(source, task.inputs)
    if task.drop_unlabelled:
        kept = [row for row, label in enumerate(ids) if label != UNLABELLED]
        ids = [ids[row] for row in kept]
        text_a = [text_a[row] for row in kept]
        text_b = [text_b[row] for row in kept] if text_b is not None else None
    require_labelled(source, task.label, ids, "correct them, or set 'drop_unlabelled: true' in the task file")
    dataset = classification_dataset(text_a, text_b, ids)
    return TrainingRows(
        dataset,
        fingerprint(dataset, task.labels),
        source.source,
        source.revision,
        _warnings(task, source, ids),
    )


def _first_at_hand(task: TrainingTask, data_dir: Path | None, revision: str | None) -> SourceColumns:
    needed = (*task.inputs, task.label)
    attempts: list[tuple[str, Callable[[], SourceColumns | str]]] = []
    folder, hub, embedded = task.sources.folder, task.sources.hub, task.sources.embedded
    if folder is not None:

        def from_folder() -> SourceColumns | str:
            if data_dir is None:
                return f"{folder.path} below the data folder: none is named by --data-dir or XSTILTS_DATA"
            path = below(data_dir, folder.path)
            return read_file(path, folder, needed) if path.exists() else f"{path}: no such file"

        attempts.append(("folder", from_folder))
    if hub is not None:
        pinned = hub if revision is None else hub.model_copy(update={"revision": revision})
        attempts.append(("hub", lambda: _or_reason(lambda: read_hub(pinned, needed))))
    if embedded is not None:
        attempts.append(("embedded", lambda: read_embedded_training(embedded.corpus, needed)))
    reasons = []
    for kind, attempt in attempts:
        found = attempt()
        if isinstance(found, SourceColumns):
            return found
        reasons.append(f"\n  {kind}: {found}")
    raise NoSourceError(f"training task {task.name!r}: no source of its rows is at hand:" + "".join(reasons))


def _or_reason(read: Callable[[], SourceColumns]) -> SourceColumns | str:
    try:
        return read()
    except HubUnavailableError as error:
        return str(error)


def _warnings(task: TrainingTask, source: SourceColumns, ids: list[int]) -> tuple[str, ...]:
    warnings = []
    if task.expected_rows is not None and len(ids) != task.expected_rows:
        warnings.append(
            f"training task {task.name!r} has {len(ids):,} rows where the published data set has "
            f"{task.expected_rows:,} ({source.source})"
        )
    absent = [name for at, name in enumerate(task.labels) if at not in set(ids)]
    if absent:
        warnings.append(
            f"training task {task.name!r} has no row labelled {', '.join(absent)} ({source.source})"
        )
    return tuple(warnings)

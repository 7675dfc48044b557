"""The rows of a training task, from the first of its sources that is available."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.data.location import DataFolders
from harness.data.sources.embedded import read_embedded
from harness.data.sources.hub import HubUnavailableError, read_hub
from harness.data.sources.layouts import read_layouts
from harness.errors import UserError
from harness.kinds.columns import RowCount, SourceColumns, counted
from harness.kinds.examples import Examples
from harness.kinds.registry import TrainingTask, kind_of
from harness.kinds.sources import Sources
from harness.message_text import names_in_short

if TYPE_CHECKING:
    from datasets import Dataset


_AND = "+"


class NoSourceError(UserError):
    """None of a task's sources is available."""


class HeldOutUnavailableError(UserError):
    """The held-out rows by which a stage is to be stopped are not available."""


class NoRowsLeftError(UserError):
    """Every row of a task would be dropped."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows of one training task.

    Attributes:
        dataset: Columns text_a (string), text_b (string, null for single texts) and those of the task's kind
            (harness.kinds): for classification label (int64).
        fingerprint: sha256 of the content in row order, the same from every source.
        source: `folder: PATH below the data folder`, `hub: REPOSITORY …` or `embedded: NAME`.
        revision: Commit of a hub repository, else None; of rows from several sources those of all, with + in
            between.
        warnings: What a user should know about these rows, one sentence each.
        labels: Names of the label ids; empty where the kind has none.
        dropped: Positions in the source of rows that were left out since they are also evaluation rows.
        whole_fingerprint: Fingerprint of the rows of the source, where some were dropped.
        counted: What of the source was left out, moved or is not as it should be.
    """

    dataset: "Dataset"
    fingerprint: str
    source: str
    revision: str | None
    warnings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    dropped: tuple[int, ...] = ()
    whole_fingerprint: str | None = None
    counted: tuple[RowCount, ...] = ()


def load_training_rows(
    task: TrainingTask, *, data_dir: DataFolders, revision: str | None = None
) -> TrainingRows:
    """Load the rows of a task: its file below the data folder, else the hub, else the embedded corpus.

    Args:
        task: The training task.
        data_dir: The data folder, or None for none.
        revision: Commit of the hub repository, in place of the task's own; of several, as in TrainingRows.

    Raises:
        NoSourceError: no source is available; lists each that was tried and why not.
        UserError: a source is available but faulty (see `harness.data.sources`, `harness.kinds`).
    """
    rows = _all_rows(task, data_dir, revision)
    held_out = _held_out_positions(task, rows)
    if not held_out:
        return rows
    trained = _part(task, rows, sorted(set(range(len(rows.dataset))) - set(held_out)))
    counts = counted(len(held_out), "rows held out, not trained on")
    return replace(trained, counted=(*rows.counted, *counts))


def _all_rows(
    task: TrainingTask, data_dir: DataFolders, revision: str | None, trained: tuple[str, ...] = ()
) -> TrainingRows:
    """Return the rows of all sources of a task, those that are held out among them."""
    revisions = revision.split(_AND) if revision else [""] * len(task.all_sources)
    parts = [
        _source(task, sources, data_dir, commit or None)
        for sources, commit in zip(task.all_sources, revisions, strict=True)
    ]
    return _rows(task, parts, trained)


def _held_out_positions(task: TrainingTask, rows: TrainingRows) -> list[int]:
    """Return the rows that a task's share holds out: those whose first text has a small hash.

    Raises:
        NoRowsLeftError: all rows are on one side.
    """
    if task.held_out is None or task.held_out.share is None:
        return []
    share, seed = task.held_out.share, task.held_out.seed
    texts: list[str] = rows.dataset["text_a"][:]
    found = [row for row, text in enumerate(texts) if _position(seed, text) < share]
    if not 0 < len(found) < len(texts):
        raise NoRowsLeftError(
            f"{_what(task)}: held_out: a share of {share} of its {len(texts):,} rows holds out "
            f"{'all' if found else 'none'} of them; write another share or seed"
        )
    return found


def _position(seed: int, text: str) -> float:
    """Return a number from 0 to 1 that a seed and a text alone decide."""
    return int.from_bytes(hashlib.sha256(f"{seed} {text}".encode()).digest()[:6], "big") / 2**48


def _part(task: TrainingTask, rows: TrainingRows, positions: Sequence[int]) -> TrainingRows:
    part = rows.dataset.select(positions)
    return replace(rows, dataset=part, fingerprint=kind_of(task).fingerprint(part, rows.labels))


def without_rows(task: TrainingTask, rows: TrainingRows, dropped: Collection[int]) -> TrainingRows:
    """Return the rows of a task without some of them, with the fingerprint of what is left.

    Args:
        task: The training task.
        rows: All its rows.
        dropped: Positions of the rows to leave out.

    Raises:
        NoRowsLeftError: none would be left.
    """
    if not dropped:
        return rows
    out = frozenset(dropped)
    kept = rows.dataset.select([row for row in range(len(rows.dataset)) if row not in out])
    if not len(kept):
        raise NoRowsLeftError(
            f"training task {task.name!r}: all of its {len(out):,} rows are also evaluation rows, so that "
            f"none is left to train on ({rows.source}); train on other rows, or evaluate another split"
        )
    return replace(
        rows,
        dataset=kept,
        fingerprint=kind_of(task).fingerprint(kept, rows.labels),
        dropped=tuple(sorted(out)),
        whole_fingerprint=rows.fingerprint,
    )


def load_held_out_rows(
    task: TrainingTask, *, data_dir: DataFolders, trained: tuple[str, ...]
) -> TrainingRows | None:
    """Load the held-out rows of a task, or None where it names none or they are not available.

    Args:
        task: The training task.
        data_dir: The data folder, or None for none.
        trained: The labels of the rows that it was trained on.

    Raises:
        UserError: a source is available but faulty.
    """
    if task.held_out is None:
        return None
    sources = task.held_out.sources
    if sources is None:
        rows = _all_rows(task, data_dir, None, trained)
        return _part(task, rows, _held_out_positions(task, rows))
    try:
        source = _source(task, sources, data_dir, None)
    except NoSourceError:
        return None
    return _rows(task, [source], trained)


def stopping_rows(task: TrainingTask, *, data_dir: DataFolders, trained: tuple[str, ...]) -> TrainingRows:
    """Load the held-out rows that decide when a stage ends.

    Raises:
        HeldOutUnavailableError: they are not there.
    """
    rows = load_held_out_rows(task, data_dir=data_dir, trained=trained)
    if rows is None:
        raise HeldOutUnavailableError(
            f"training.early_stopping: the held-out rows of {task.name} are not available; name their folder "
            "by --data-dir, or write early_stopping: null for it under training.per_task"
        )
    return rows


def _rows(task: TrainingTask, parts: Sequence[SourceColumns], trained: tuple[str, ...] = ()) -> TrainingRows:
    found = _one_behind_the_other([kind_of(task).examples(task, part, trained) for part in parts])
    digest = kind_of(task).fingerprint(found.dataset, found.labels)
    source = f" {_AND} ".join(part.source for part in parts)
    commits = [part.revision or "" for part in parts]
    revision = _AND.join(commits) if any(commits) else None
    notes = tuple(note for part in parts for note in part.notes)
    counts = (*(count for part in parts for count in part.counted), *found.counted)
    warnings = (*notes, *(f"{_what(task)}: {count} ({source})" for count in counts))
    warnings += _warnings(task, source, found)
    return TrainingRows(found.dataset, digest, source, revision, warnings, found.labels, counted=counts)


def _one_behind_the_other(parts: Sequence[Examples]) -> Examples:
    if len(parts) == 1:
        return parts[0]
    from datasets import concatenate_datasets

    dataset = concatenate_datasets([part.dataset for part in parts])
    counts = tuple(count for part in parts for count in part.counted)
    return replace(parts[0], dataset=dataset, dropped=sum(part.dropped for part in parts), counted=counts)


def first_available_source(
    what: str,
    sources: Sources,
    needed: tuple[str, ...],
    data_dir: DataFolders,
    revision: str | None = None,
    skip_bad: bool | None = None,
) -> SourceColumns:
    """Return the columns of the first of some sources that is available: folder, hub, embedded.

    Args:
        what: Whose rows they are, for the message.
        sources: Where they can come from.
        needed: The columns.
        data_dir: The data folder, or None for none.
        revision: Commit of the hub repository, in place of the source's own.
        skip_bad: What to do about lines that break a file's format (see `read_file`).

    Raises:
        NoSourceError: none is available; lists each that was tried and why not.
        UserError: a source is available but faulty (see `harness.data.sources`).
    """
    attempts: list[tuple[str, Callable[[], SourceColumns | str]]] = []
    layouts, hub, embedded = sources.layouts, sources.hub, sources.embedded
    if layouts:
        attempts.append(("folder", lambda: read_layouts(layouts, needed, data_dir, skip_bad)))
    if hub is not None:
        pinned = hub if revision is None else hub.model_copy(update={"revision": revision})
        attempts.append(("hub", lambda: _or_reason(lambda: read_hub(pinned, needed))))
    if embedded is not None:
        attempts.append(("embedded", lambda: read_embedded(embedded, needed)))
    reasons = []
    for kind, attempt in attempts:
        found = attempt()
        if isinstance(found, SourceColumns):
            return found
        reasons.append(f"\n  {kind}: {found}")
    raise NoSourceError(f"{what}: no source of its rows is available:" + "".join(reasons))


def _source(
    task: TrainingTask, sources: Sources, data_dir: DataFolders, revision: str | None
) -> SourceColumns:
    needed = kind_of(task).columns(task)
    return first_available_source(_what(task), sources, needed, data_dir, revision, task.skip_bad_rows)


def _what(task: TrainingTask) -> str:
    return f"training task {task.name!r}"


def _or_reason(read: Callable[[], SourceColumns]) -> SourceColumns | str:
    try:
        return read()
    except HubUnavailableError as error:
        return str(error)


def _warnings(task: TrainingTask, source: str, found: Examples) -> tuple[str, ...]:
    warnings = []
    rows = len(found.dataset)
    if task.expected_rows is not None and rows != task.expected_rows:
        warnings.append(
            f"{_what(task)} has {rows:,} rows where the published data set has "
            f"{task.expected_rows:,} ({source})"
        )
    absent = kind_of(task).absent_labels(found)
    if absent:
        warnings.append(f"{_what(task)} has no row labeled {names_in_short(absent)} ({source})")
    return tuple(warnings)

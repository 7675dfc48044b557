"""The rows of a stage's members on every rank, and the batches that they make up."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.config.model_family import is_text_to_text
from harness.data.record import DataRecord
from harness.data.rows import TrainingRows, load_training_rows, without_rows
from harness.errors import RunError
from harness.kinds.collator import Collator
from harness.kinds.model import KindModel
from harness.kinds.registry import TrainingTask, kind_of
from harness.kinds.text_to_text import model_for
from harness.kinds.token_rows import TokenizedRows
from harness.planning.sampling import epoch_examples, sampling_rates
from harness.training.batches import step_count, subsample
from harness.training.distributed import on_first_rank
from harness.training.job import Member, StageJob
from harness.training.step_plan import StepPlan
from harness.training.tokenized import tokenized_rows

HEADS = "heads"
"""Folder in which a stage of several members keeps the encoder with each one's head, by the member's name."""


class ChangedDataError(RunError):
    """The rows are not those that the stage was planned with."""


@dataclass(frozen=True)
class TaskRows:
    """The rows of one member of a stage, on one rank.

    Attributes:
        member: The member; its task has its labels.
        data: Which rows they are.
        model: What trains the task.
        collator: Batches of its rows.
        rows_used: How many rows of the data are trained on, after train_rows.
        chosen: `[rows of the plan]` which of the collator's rows these are.
        folder: Folder, below the stage's, in which the encoder with the member's head is kept.
    """

    member: Member
    data: DataRecord
    model: KindModel[Any]
    collator: Collator
    rows_used: int
    chosen: npt.NDArray[np.int64]
    folder: str

    @property
    def task(self) -> TrainingTask:
        """The task with its labels."""
        return self.member.task

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """`[rows of the plan]` tokens of each."""
        return self.collator.lengths[self.chosen]


def load_task_rows(job: StageJob, member: Member) -> TaskRows:
    """Return a member's rows; rank 0 reads and tokenizes them, the others map the file that it leaves.

    Raises:
        ChangedDataError: the rows' fingerprint is not the member's.
        UserError: the rows are not available or faulty.
    """
    task, settings = member.task, member.hyperparameters
    text_to_text = is_text_to_text(job.model.folder)
    model_for(task, text_to_text=text_to_text)  # refuses what the model cannot read before any row is read

    def load() -> TrainingRows:
        rows = load_training_rows(task, data_dir=job.data_dir, revision=member.data_revision)
        if any(row >= len(rows.dataset) for row in member.dropped_rows):
            raise _changed(member, rows)
        return without_rows(task, rows, member.dropped_rows)

    def tokenize(fingerprint: str, load: Callable[[], TrainingRows]) -> TokenizedRows:
        return tokenized_rows(task, fingerprint, load, job.model, settings.max_length)

    def on_rank_0() -> tuple[DataRecord, tuple[str, ...]]:
        found = load()
        if member.data_fingerprint not in (None, found.fingerprint):
            raise _changed(member, found)
        tokenize(found.fingerprint, lambda: found)
        return DataRecord.of(found), found.labels

    data, labels = on_first_rank(on_rank_0)
    labeled = kind_of(task).with_labels(task, labels)
    model = model_for(labeled, text_to_text=text_to_text)
    collator = model.collator(labeled, tokenize(data.fingerprint, load))
    examples = subsample(int(collator.examples[-1]) + 1, settings.train_rows, job.seed)
    chosen = np.flatnonzero(np.isin(collator.examples, examples))
    alone = len(job.members) == 1
    folder = model.head.folder if alone else f"{HEADS}/{member.name}"
    member = member.model_copy(update={"task": labeled})
    return TaskRows(member, data, model, collator, len(examples), chosen, folder)


def _changed(member: Member, found: TrainingRows) -> ChangedDataError:
    return ChangedDataError(
        f"task {member.name}: the rows from {found.source} have fingerprint {found.fingerprint}, but the "
        f"stage was planned with {member.data_fingerprint}; the data changed meanwhile. Run it again."
    )


def sampling_probabilities(job: StageJob, parts: Sequence[TaskRows]) -> dict[str, float]:
    """Return each member's probability to be drawn for a step."""
    return sampling_rates(job.sampling, {part.member.name: part.rows_used for part in parts})


def step_plan(job: StageJob, parts: Sequence[TaskRows]) -> StepPlan:
    """Return the batches of a job's steps."""
    settings = job.hyperparameters
    if len(parts) == 1:
        # Each epoch of a lone member ends with its rows, in a batch that may be smaller.
        per_epoch: float = math.ceil(len(parts[0].lengths) / settings.batch_size)
    else:
        rows = {part.member.name: part.rows_used for part in parts}
        per_epoch = epoch_examples(job.sampling, rows) / settings.batch_size
    return StepPlan.of(
        [part.lengths for part in parts],
        list(sampling_probabilities(job, parts).values()),
        settings.batch_size,
        step_count(settings.epochs, per_epoch, settings.steps),
        job.seed,
    )

"""The rows of a stage's tasks on every rank, and the batches that they make up."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.config.model_family import is_text_to_text
from harness.data.rows import TrainingRows, load_training_rows, without_rows
from harness.errors import RunError
from harness.kinds.collator import Collator
from harness.kinds.model import Head
from harness.kinds.registry import TrainingTask, kind_of, text_form
from harness.kinds.text_form import TextFormat
from harness.kinds.text_to_text import model_for
from harness.kinds.token_rows import TokenizedRows
from harness.plan.sampling import epoch_examples, sampling_rates
from harness.training.batches import BatchPlan, subsample
from harness.training.distributed import on_first_rank
from harness.training.job import MixtureJob, MixtureMember, StageJob
from harness.training.mixture_plan import MixturePlan
from harness.training.tokenised import tokenised_rows

Job = StageJob | MixtureJob


class ChangedDataError(RunError):
    """The rows are not those that the stage was planned with."""


@dataclass(frozen=True)
class TaskRows:
    """One task's rows on one rank.

    Attributes:
        member: The task, with its labels, and the settings that hold for it.
        maker: Batches of its rows.
        rows_used: How many rows of the data are trained on, after train_rows.
        chosen: `[rows of the plan]` which of the maker's rows these are.
        text_format: How a text-to-text model reads the task; None for encoders.
    """

    member: MixtureMember
    fingerprint: str
    source: str
    revision: str | None
    maker: Collator
    rows_used: int
    chosen: npt.NDArray[np.int64]
    text_format: TextFormat | None = None

    @property
    def head(self) -> Head[Any]:
        """What the task is trained with."""
        return model_for(self.task, text_to_text=self.text_format is not None).head

    @property
    def task(self) -> TrainingTask:
        """The task with its labels."""
        return self.member.task

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """`[rows of the plan]` tokens of each."""
        return self.maker.lengths[self.chosen]


def members(job: Job) -> tuple[MixtureMember, ...]:
    """Return the tasks of a job."""
    if isinstance(job, MixtureJob):
        return job.members
    return (
        MixtureMember(
            name=job.task.name,
            task=job.task,
            hyperparameters=job.hyperparameters,
            data_revision=job.data_revision,
            data_fingerprint=job.data_fingerprint,
            dropped_rows=job.dropped_rows,
            head=job.head,
        ),
    )


def joined(values: Sequence[str]) -> str:
    """Return what is said of several tasks' rows as one text; of a single task as it is."""
    return " + ".join(dict.fromkeys(values))


def load_task_rows(job: Job, member: MixtureMember) -> TaskRows:
    """Return a task's rows; rank 0 reads and tokenises them, the others map the file that it leaves.

    Raises:
        ChangedDataError: the rows' fingerprint is not the member's.
        UserError: the rows are not at hand or faulty.
    """
    task, settings = member.task, member.hyperparameters
    words = text_form(task).format if is_text_to_text(job.encoder) else None

    def load() -> TrainingRows:
        rows = load_training_rows(task, data_dir=job.data_dir, revision=member.data_revision)
        if any(row >= len(rows.dataset) for row in member.dropped_rows):
            raise _changed(member, rows)
        return without_rows(task, rows, member.dropped_rows)

    def tokenise(fingerprint: str, load: Callable[[], TrainingRows]) -> TokenizedRows:
        return tokenised_rows(
            task, fingerprint, load, job.encoder, settings.max_length, job.trust_remote_code, words
        )

    def on_rank_0() -> tuple[str, str, str | None, tuple[str, ...]]:
        found = load()
        if member.data_fingerprint not in (None, found.fingerprint):
            raise _changed(member, found)
        tokenise(found.fingerprint, lambda: found)
        return found.fingerprint, found.source, found.revision, found.labels

    fingerprint, source, revision, labels = on_first_rank(on_rank_0)
    model = model_for(task, text_to_text=words is not None)
    maker = model.collator(task, tokenise(fingerprint, load))
    examples = subsample(int(maker.examples[-1]) + 1, settings.train_rows, job.seed)
    chosen = np.flatnonzero(np.isin(maker.examples, examples))
    labelled = member.model_copy(update={"task": kind_of(task).with_labels(task, labels)})
    return TaskRows(labelled, fingerprint, source, revision, maker, len(examples), chosen, words)


def _changed(member: MixtureMember, found: TrainingRows) -> ChangedDataError:
    return ChangedDataError(
        f"task {member.name}: the rows from {found.source} have fingerprint {found.fingerprint}, but the "
        f"stage was planned with {member.data_fingerprint}; the data changed meanwhile. Run it again."
    )


def rates(job: Job, parts: Sequence[TaskRows]) -> dict[str, float]:
    """Return each task's chance to be drawn for a step."""
    if not isinstance(job, MixtureJob):
        return {parts[0].member.name: 1.0}
    return sampling_rates(job.sampling, {part.member.name: part.rows_used for part in parts})


def batch_plan(job: Job, parts: Sequence[TaskRows]) -> MixturePlan:
    """Return the batches of a job's steps."""
    settings = job.hyperparameters
    if not isinstance(job, MixtureJob):
        (part,) = parts
        return MixturePlan.of_one(
            BatchPlan.of(part.lengths, settings.batch_size, settings.epochs, settings.steps, job.seed)
        )
    epoch = epoch_examples(job.sampling, {part.member.name: part.rows_used for part in parts})
    # 1e-9: as in BatchPlan.of.
    steps = settings.steps or max(1, math.ceil(settings.epochs * epoch / settings.batch_size - 1e-9))
    lengths = {part.member.name: part.lengths for part in parts}
    return MixturePlan.of(lengths, rates(job, parts), settings.batch_size, steps, job.seed)

"""Train one stage."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
import torch

from harness.data.rows import TrainingRows, load_held_out_rows, load_training_rows, without_rows
from harness.errors import RunError
from harness.spec.model_family import is_text_to_text
from harness.spec.text_format import TextFormat, text_format
from harness.training.batches import BatchPlan, subsample
from harness.training.checkpoint import write_checkpoint
from harness.training.distributed import World, from_every_rank, on_first_rank, start_process_group
from harness.training.engine import engine_config, start_engine, stop_engine, trained_weights, zero_stage
from harness.training.hardware import hardware
from harness.training.heads import head_for
from harness.training.job import HeldOutScore, StageJob, StageProgress, StageResult
from harness.training.kinds.batch_maker import BatchMaker
from harness.training.kinds.registry import batch_maker
from harness.training.loop import Steps
from harness.training.memory import forget_peak_memory, keep_memory, peak_memory_bytes
from harness.training.model import LoadedModel, load_model
from harness.training.resume import ResumePoints, identity_of
from harness.training.scoring.held_out import score_held_out
from harness.training.scoring.text_answers import score_answers
from harness.training.token_rows import TokenisedRows
from harness.training.tokenised import fast_tokenizer, tokenised_rows
from harness.training.training_log import DivergedError, TrainingLog

_log = logging.getLogger(__name__)


class ChangedDataError(RunError):
    """The rows are not those that the stage was planned with."""


@dataclass(frozen=True)
class _Data:
    """The task's rows on one rank."""

    fingerprint: str
    source: str
    revision: str | None
    labels: tuple[str, ...]
    rows: BatchMaker
    text_format: TextFormat | None


def train_stage(
    job: StageJob, report: Callable[[StageProgress], None], *, resume_every: float = 60.0
) -> StageResult:
    """Train a stage; leave `encoder/`, `classifier/` and `training_log.jsonl` in `job.workdir`.

    `classifier/` is the encoder with its head; other kinds name it otherwise (harness.training.heads). Of a
    text-to-text model `encoder/` is all of it, and `text_to_text/` the same with the format of its task.

    To be called on every rank of the process group (formed here where there is none). A stage that was
    killed goes on from its last resume point, to weights that are bit-identical to an undisturbed run's.

    Args:
        job: What to train.
        report: Called on rank 0 a few times a second.
        resume_every: Seconds of training between two resume points.

    Returns:
        What was done, the same on every rank.

    Raises:
        UserError: model, data, batch or precision do not go together; the message names the key.
        DivergedError: the loss became infinite or NaN.
        ChangedDataError: the rows' fingerprint is not the job's.
    """
    world = start_process_group()
    keep_memory()
    forget_peak_memory(world.device)
    if world.device.type == "cuda":
        # The kernels on CPUs give the same bits anyway.
        torch.use_deterministic_algorithms(True, warn_only=True)
    config = engine_config(job.deepspeed, job.hyperparameters, world)
    on_first_rank(lambda: job.workdir.mkdir(parents=True, exist_ok=True))
    data = _data(job)
    job = _with_labels(job, data.labels)
    loaded = load_model(job.encoder, job.task, job.hyperparameters, job.seed, job.trust_remote_code)
    return _train(job, world, config, data, loaded, report, resume_every)


def _data(job: StageJob) -> _Data:
    """Return the rows; rank 0 reads and tokenises them, the others map the file that it leaves."""
    words = text_format(job.task) if is_text_to_text(job.encoder) else None

    def load() -> TrainingRows:
        rows = load_training_rows(job.task, data_dir=job.data_dir, revision=job.data_revision)
        if any(row >= len(rows.dataset) for row in job.dropped_rows):
            raise _changed(job, rows)
        return without_rows(job.task, rows, job.dropped_rows)

    def tokenise(fingerprint: str, load: Callable[[], TrainingRows]) -> TokenisedRows:
        length = job.hyperparameters.max_length
        return tokenised_rows(job.task, fingerprint, load, job.encoder, length, job.trust_remote_code, words)

    def on_rank_0() -> tuple[str, str, str | None, tuple[str, ...]]:
        found = load()
        if job.data_fingerprint not in (None, found.fingerprint):
            raise _changed(job, found)
        tokenise(found.fingerprint, lambda: found)
        return found.fingerprint, found.source, found.revision, found.labels

    fingerprint, source, revision, labels = on_first_rank(on_rank_0)
    maker = batch_maker(job.task, tokenise(fingerprint, load))
    return _Data(fingerprint, source, revision, labels, maker, words)


def _changed(job: StageJob, found: TrainingRows) -> ChangedDataError:
    return ChangedDataError(
        f"task {job.task.name}: the rows from {found.source} have fingerprint {found.fingerprint}, "
        f"but the stage was planned with {job.data_fingerprint}; the data changed meanwhile. Run it again."
    )


def _with_labels(job: StageJob, labels: tuple[str, ...]) -> StageJob:
    """Give a task that takes its labels from the rows those of the rows."""
    if job.task.kind != "tagging" or job.task.labels:
        return job
    return job.model_copy(update={"task": job.task.model_copy(update={"labels": labels})})


def _train(
    job: StageJob,
    world: World,
    config: dict[str, Any],
    data: _Data,
    loaded: LoadedModel,
    report: Callable[[StageProgress], None],
    resume_every: float,
) -> StageResult:
    settings = job.hyperparameters
    examples = subsample(int(data.rows.examples[-1]) + 1, settings.train_rows, job.seed)
    chosen = np.flatnonzero(np.isin(data.rows.examples, examples))
    plan = BatchPlan.of(
        data.rows.lengths[chosen], settings.batch_size, settings.epochs, settings.steps, job.seed
    )
    points = ResumePoints(job.workdir, _identity(job, world, config, data), resume_every, world)
    engine = start_engine(loaded.model, config, settings, plan.steps, world)
    try:
        torch.manual_seed(_dropout_seed(job.seed, world.rank))
        point = points.load(engine)
        log = _open_log(job, world, plan.steps, point.step if point else 0)
        log.restore(point.pending if point else [])
        steps = Steps(
            engine,
            head_for(job.task, text_to_text=data.text_format is not None),
            data.rows,
            chosen,
            plan,
            settings.accumulation,
            world,
            log,
            points,
            report,
        )
        seconds = steps.run(point)
        _save(job, world, loaded, engine)
        held_out = _held_out(job, world, engine, data.text_format)
    except DivergedError:
        # Going on from a point shortly before would diverge again.
        points.remove()
        raise
    finally:
        stop_engine(engine)
    points.remove()
    resumed = point.step if point else 0
    memory = max(from_every_rank(peak_memory_bytes(world.device)))
    samples, tokens = plan.totals(plan.steps)
    return on_first_rank(
        lambda: StageResult(
            steps=plan.steps,
            samples=samples,
            tokens=tokens,
            seconds=seconds,
            samples_per_second=samples / max(seconds, 1e-9),
            loss_curve=log.curve,
            final_loss=log.curve[-1].loss,
            resumed_from_step=resumed,
            world_size=world.size,
            zero_stage=zero_stage(config),
            precision=settings.precision,
            device=world.device.type,
            hardware=hardware(world),
            peak_memory_bytes=memory,
            data_source=data.source,
            data_revision=data.revision,
            data_fingerprint=data.fingerprint,
            data_rows=len(examples),
            held_out=held_out,
        )
    )


def _held_out(job: StageJob, world: World, engine: Any, words: TextFormat | None) -> HeldOutScore | None:
    rows = load_held_out_rows(job.task, data_dir=job.data_dir, trained=job.task.labels)
    # All ranks or none: another machine's rank may not see the file.
    if not all(from_every_rank(rows is not None)) or rows is None:
        return None
    settings = job.hyperparameters
    tokenizer = fast_tokenizer(job.encoder, job.trust_remote_code)
    if words is not None:
        return score_answers(
            job.task, words, rows, engine, tokenizer, settings.max_length, settings.batch_size, world
        )
    return score_held_out(
        job.task,
        rows,
        engine,
        head_for(job.task),
        tokenizer,
        settings.max_length,
        settings.batch_size,
        world,
    )


def _open_log(job: StageJob, world: World, steps: int, after_step: int) -> TrainingLog:
    folder = job.workdir if world.rank == 0 else None
    return TrainingLog(folder, steps, job.task.name, job.hyperparameters.learning_rate, after_step)


def _save(job: StageJob, world: World, loaded: LoadedModel, engine: Any) -> None:
    trained: dict[str, torch.Tensor] = {}
    finite = True
    for name, weights in trained_weights(engine):
        finite = finite and bool(torch.isfinite(weights).all())
        if world.rank == 0:
            trained[name] = weights
    if not finite:
        raise DivergedError(
            f"task {job.task.name}: weights became infinite or NaN in the last step (training.learning_rate "
            f"{job.hyperparameters.learning_rate:g}). Lower the learning rate or use precision fp32 or bf16."
        )
    on_first_rank(lambda: write_checkpoint(job.workdir, loaded, trained, job.encoder, job.trust_remote_code))


def _identity(job: StageJob, world: World, config: dict[str, Any], data: _Data) -> str:
    packages = ("torch", "deepspeed", "transformers", "numpy")
    return identity_of(
        {
            "job": job.model_dump(mode="json", include={"digest", "task", "hyperparameters", "seed"}),
            "data": data.fingerprint,
            "processes": world.size,
            "device": world.device.type,
            "deepspeed": config,
            "versions": {name: metadata.version(name) for name in packages},
        }
    )


def _dropout_seed(seed: int, rank: int) -> int:
    return int.from_bytes(hashlib.sha256(f"dropout {seed} {rank}".encode()).digest()[:7], "big")

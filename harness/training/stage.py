"""Train one stage."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from typing import Any

import torch

from harness.config.deepspeed_file import zero_stage
from harness.data.rows import load_held_out_rows
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.training.checkpoint import write_adapters, write_checkpoint
from harness.training.determinism import is_deterministic, with_all_operations
from harness.training.distributed import (
    World,
    from_every_rank,
    gpu,
    hardware,
    on_first_rank,
    start_process_group,
)
from harness.training.engine import engine_config, start_engine, stop_engine, trained_weights
from harness.training.held_out import score_held_out
from harness.training.job import HeldOutScore, MemberResult, StageJob, StageProgress, StageResult
from harness.training.loop import Forward, Steps, TaskBatches
from harness.training.memory import forget_peak_memory, keep_memory, peak_memory_bytes
from harness.training.resume import ResumePoints, identity_of
from harness.training.stage_model import StageModel, load_stage_model
from harness.training.step_plan import StepPlan
from harness.training.task_rows import TaskRows, load_task_rows, sampling_probabilities, step_plan
from harness.training.training_log import DivergedError, TrainingLog
from harness.training.used_rows import merged_rows

# fp16 finds its scale by steps that it leaves out: a few at the beginning are usual.
_MANY_SKIPPED = 0.05

_log = logging.getLogger(__name__)


def train_stage(
    job: StageJob,
    report: Callable[[StageProgress], None],
    *,
    remark: Callable[[str], None] = _log.warning,
    resume_every: float = 60.0,
    stop: Callable[[], bool] = lambda: False,
) -> StageResult:
    """Train a stage; leave `encoder/`, `classifier/` and `training_log.jsonl` in `job.workdir`.

    `classifier/` is the encoder with its head; other kinds name it otherwise (harness.kinds), and
    a stage of several members has `heads/NAME/` for each. Of a text-to-text model `encoder/` is all of it,
    and `text_to_text/` the same with the format of its task.

    To be called on every rank of the process group (formed here where there is none). A stage that was
    killed goes on from its last resume point, to weights that are bit-identical to an undisturbed run's.

    Args:
        job: What to train.
        report: Called on rank 0 a few times a second.
        remark: Called on every rank with what a user should know of the stage, a sentence each.
        resume_every: Seconds of training between two resume points.
        stop: Tells whether to save a resume point and end; any rank's word counts.

    Returns:
        What was done, the same on every rank.

    Raises:
        UserError: model, data, batch or precision do not go together; the message names the key.
        DivergedError: the loss became infinite or NaN.
        ChangedDataError: the rows' fingerprint is not the job's.
        StepInterruptedError: `stop` said so.
    """
    world = start_process_group()
    if world.device.type == "cpu":
        # Where a model goes to a GPU, what it took of the host's memory is of use to others.
        keep_memory()
    forget_peak_memory(world.device)
    config = engine_config(job.deepspeed, job.hyperparameters, world)
    on_first_rank(lambda: job.workdir.mkdir(parents=True, exist_ok=True))
    on_first_rank(job.model.local)
    named, job = job.model, job.model_copy(update={"model": job.model.local()})
    parts = [load_task_rows(job, member) for member in job.members]

    def train() -> StageResult:
        model = load_stage_model(job, parts)
        return _train(job, named, world, config, parts, model, report, remark, resume_every, stop)

    result = with_all_operations(train)
    if not result.deterministic:
        remark("an operation has no deterministic form on this GPU: trained again, its weights may differ")
    return result


def _train(
    job: StageJob,
    named: ModelRef,
    world: World,
    config: dict[str, Any],
    parts: Sequence[TaskRows],
    model: StageModel,
    report: Callable[[StageProgress], None],
    remark: Callable[[str], None],
    resume_every: float,
    stop: Callable[[], bool],
) -> StageResult:
    settings = job.hyperparameters
    plan = step_plan(job, parts)
    identity, conditions = _identity(job, world, config, parts), _conditions(world, config)
    points = ResumePoints(job.workdir, identity, resume_every, world, conditions)
    engine = start_engine(model.module, config, settings, plan.steps, world, job.monitoring)
    try:
        torch.manual_seed(_dropout_seed(job.seed, world.rank))
        point = points.load(engine)
        if points.given_up is not None:
            remark(points.given_up)
        log = _open_log(job, world, plan.steps, point.step if point else 0)
        log.restore(point.pending if point else [])
        forward = model.forward(engine)
        batches = tuple(TaskBatches(part.model.head, part.collator, part.chosen) for part in parts)
        steps = Steps(
            engine,
            forward,
            batches,
            plan,
            settings.accumulation,
            world,
            log,
            points,
            report,
            stop,
            settings.label_smoothing,
        )
        seconds = steps.run(point)
        skipped = engine.skipped_steps
        if skipped > _MANY_SKIPPED * plan.steps:
            remark(f"{skipped} of {plan.steps} steps were left out, since gradients exceeded fp16; use bf16")
        _save(job, named, world, model, engine)
        held_out = [_held_out(job, world, part, number, forward, engine) for number, part in enumerate(parts)]
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
            skipped_steps=skipped,
            deterministic=is_deterministic(),
            members=tuple(_member_results(job, parts, plan, held_out)),
        )
    )


def _member_results(
    job: StageJob, parts: Sequence[TaskRows], plan: StepPlan, held_out: Sequence[HeldOutScore | None]
) -> Iterator[MemberResult]:
    probabilities = sampling_probabilities(job, parts)
    for part, batches, score in zip(parts, plan.plans, held_out, strict=True):
        samples, tokens = batches.totals(batches.steps)
        yield MemberResult(
            name=part.member.name,
            labels=part.task.labels,
            folder=part.folder,
            probability=probabilities[part.member.name],
            steps=batches.steps,
            samples=samples,
            tokens=tokens,
            data=part.data,
            rows=part.rows_used,
            held_out=score,
        )


def _held_out(
    job: StageJob, world: World, part: TaskRows, number: int, forward: Forward, engine: Any
) -> HeldOutScore | None:
    rows = load_held_out_rows(part.task, data_dir=job.data_dir, trained=part.task.labels)
    # All ranks or none: another machine's rank may not see the file.
    if not all(from_every_rank(rows is not None)) or rows is None:
        return None
    settings, tokenizer = part.member.hyperparameters, fast_tokenizer(job.model)
    return score_held_out(
        part.model,
        part.task,
        rows,
        engine,
        lambda inputs: forward(number, inputs)[0],
        tokenizer,
        settings.max_length,
        settings.batch_size,
        world,
    )


def _open_log(job: StageJob, world: World, steps: int, after_step: int) -> TrainingLog:
    folder = job.workdir if world.rank == 0 else None
    return TrainingLog(folder, steps, job.name, job.hyperparameters.learning_rate, after_step)


def _save(job: StageJob, named: ModelRef, world: World, model: StageModel, engine: Any) -> None:
    parameters: dict[str, torch.Tensor] = {}
    finite = torch.ones((), dtype=torch.bool, device=world.device)
    for name, weights in trained_weights(engine):
        finite &= torch.isfinite(weights).all()
        if world.rank == 0:
            parameters[name] = weights.cpu().contiguous()
    if not finite:
        raise DivergedError(
            f"task {job.name}: weights became infinite or NaN in the last step (training.learning_rate "
            f"{job.hyperparameters.learning_rate:g}). Lower the learning rate or use precision fp32 or bf16."
        )
    trained = dict(merged_rows(engine.module, parameters.items()))
    adapter = job.hyperparameters.adapter
    if adapter is None or adapter.merge:
        on_first_rank(lambda: write_checkpoint(job.workdir, model.exports(trained), job.model))
    else:
        on_first_rank(lambda: write_adapters(job.workdir, model.exports(trained), job.model, named))


def _conditions(world: World, config: dict[str, Any]) -> dict[str, str]:
    """Return what a user changes most often of that which a resume point depends on."""
    packages = {name: metadata.version(name) for name in ("torch", "deepspeed", "transformers")}
    return {
        "processes": str(world.size),
        "device": _device(world),
        "ZeRO level": str(zero_stage(config)),
        **packages,
    }


def _identity(job: StageJob, world: World, config: dict[str, Any], parts: Sequence[TaskRows]) -> str:
    packages = ("torch", "deepspeed", "transformers", "numpy")
    return identity_of(
        {
            "job": job.model_dump(mode="json", include={"digest", "hyperparameters", "seed", "sampling"}),
            "tasks": [
                part.member.model_dump(mode="json", exclude={"data_revision", "head"}) for part in parts
            ],
            "data": [part.data.fingerprint for part in parts],
            "processes": world.size,
            "device": _device(world),
            "deepspeed": config,
            "versions": {name: metadata.version(name) for name in packages},
        }
    )


def _device(world: World) -> str:
    # Another GPU, or another cuDNN, takes other kernels; CPUs differ in their last bits only.
    return gpu() if world.device.type == "cuda" else "cpu"


def _dropout_seed(seed: int, rank: int) -> int:
    return int.from_bytes(hashlib.sha256(f"dropout {seed} {rank}".encode()).digest()[:7], "big")

"""Train one stage."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from harness.config.deepspeed_file import zero_stage
from harness.data.rows import TrainingRows, load_held_out_rows, stopping_rows
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.training.determinism import is_deterministic, with_all_operations
from harness.training.distributed import (
    World,
    from_every_rank,
    hardware,
    on_first_rank,
    start_process_group,
)
from harness.training.early_stopping import EarlyStopping, EvaluationsSoFar
from harness.training.engine import engine_config, start_engine, stop_engine, trained_weights
from harness.training.held_out import score_held_out
from harness.training.job import HeldOutScore, MemberResult, StageJob, StageProgress, StageResult
from harness.training.loop import Forward, Steps, TaskBatches
from harness.training.memory import forget_peak_memory, keep_memory, peak_memory_bytes
from harness.training.resume import ResumePoints, SavedPoint
from harness.training.resume_identity import conditions, dropout_seed, identity_of
from harness.training.save import save_stage
from harness.training.stage_model import StageModel, load_stage_model
from harness.training.step_plan import StepPlan
from harness.training.task_rows import (
    ChangedDataError,
    TaskRows,
    load_task_rows,
    sampling_probabilities,
    step_plan,
)
from harness.training.training_log import DivergedError, TrainingLog
from harness.training.used_rows import used_rows

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
    if zero_stage(job.deepspeed) < 3 and world.device.type == "cpu":
        # At level 3 memory is what is short; and from a model that goes to a GPU it is given back.
        keep_memory()
    forget_peak_memory(world.device)
    config = engine_config(job.deepspeed, job.hyperparameters, world)
    on_first_rank(lambda: job.workdir.mkdir(parents=True, exist_ok=True))
    on_first_rank(job.model.local)
    named, job = job.model, job.model_copy(update={"model": job.model.local()})
    parts = [load_task_rows(job, member) for member in job.members]

    def train() -> StageResult:
        stage = _Stage(job, named, world, config, parts, load_stage_model(job, parts), step_plan(job, parts))
        return stage.train(report, remark, resume_every, stop)

    result = with_all_operations(train)
    if not result.deterministic:
        remark("an operation has no deterministic form on this GPU, so that weights may differ another time")
    if result.skipped_steps > _MANY_SKIPPED * result.steps:
        remark(
            f"{result.skipped_steps:,} of {result.steps:,} steps changed nothing, since gradients exceeded "
            "fp16; use precision bf16, or fp32 where the device lacks it"
        )
    return result


@dataclass(frozen=True)
class _Stage:
    """A stage whose rows and model are loaded.

    Attributes:
        job: What to train; its model is a local folder.
        named: The model as the job named it.
        config: DeepSpeed's configuration.
    """

    job: StageJob
    named: ModelRef
    world: World
    config: dict[str, Any]
    parts: Sequence[TaskRows]
    model: StageModel
    plan: StepPlan

    def train(
        self,
        report: Callable[[StageProgress], None],
        remark: Callable[[str], None],
        resume_every: float,
        stop: Callable[[], bool],
    ) -> StageResult:
        """Train, save and score; see `train_stage`."""
        job, world, settings = self.job, self.world, self.job.hyperparameters
        identity = identity_of(job, world, self.config, self.parts)
        points = ResumePoints(job.workdir, identity, resume_every, world, conditions(world, self.config))
        engine = start_engine(
            self.model.module, self.config, settings, self.plan.steps, world, job.monitoring
        )
        try:
            torch.manual_seed(dropout_seed(job.seed, world.rank))
            point = points.load(engine)
            if points.given_up is not None:
                remark(points.given_up)
            log = _open_log(job, world, self.plan.steps, point.step if point else 0)
            log.restore(point.pending if point else [])
            forward = self.model.forward(engine)
            batches = tuple(TaskBatches(part.model.head, part.collator, part.chosen) for part in self.parts)
            early = self._early_stopping(engine, forward, point)
            steps = Steps(
                engine=engine,
                forward=forward,
                tasks=batches,
                plan=self.plan,
                accumulation=settings.accumulation,
                world=world,
                log=log,
                points=points,
                report=report,
                stop=stop,
                label_smoothing=settings.label_smoothing,
                early=early,
            )
            done, seconds = steps.run(point)
            skipped = engine.skipped_steps
            held_out = self._finish(engine, forward, early)
        except DivergedError:
            # Going on from a point shortly before would diverge again.
            points.remove()
            raise
        finally:
            stop_engine(engine)
        points.remove()
        return self._result(done, seconds, point.step if point else 0, skipped, log, held_out, early)

    def _finish(
        self, engine: Any, forward: Forward, early: EarlyStopping | None
    ) -> list[HeldOutScore | None]:
        """Save the weights and return their held-out metrics, unless early stopping has done both."""
        if early is not None:
            return [early.so_far.best]
        self._save(engine)
        return [self._held_out(number, forward, engine) for number in range(len(self.parts))]

    def _early_stopping(
        self, engine: Any, forward: Forward, point: SavedPoint | None
    ) -> EarlyStopping | None:
        settings = self.job.hyperparameters.early_stopping
        if settings is None:
            return None
        (part,) = self.parts  # mixtures are refused when the sequence file is read
        rows = stopping_rows(part.task, data_dir=self.job.data_dir, trained=part.task.labels)
        if part.member.held_out_fingerprint not in (None, rows.fingerprint):
            raise ChangedDataError(
                f"task {part.member.name}: its held-out rows from {rows.source} are not those that the stage "
                "was planned with; the data changed meanwhile. Run it again."
            )

        def evaluate() -> HeldOutScore:
            return self._score(rows, 0, forward, engine)

        so_far = point.evaluations if point and point.evaluations else EvaluationsSoFar()
        metrics = tuple(part.model.metrics(part.task))
        return EarlyStopping(settings, metrics, evaluate, lambda: self._save(engine), so_far)

    def _held_out(self, number: int, forward: Forward, engine: Any) -> HeldOutScore | None:
        task = self.parts[number].task
        rows = load_held_out_rows(task, data_dir=self.job.data_dir, trained=task.labels)
        # All ranks or none: another machine's rank may not see the file.
        if not all(from_every_rank(rows is not None)) or rows is None:
            return None
        return self._score(rows, number, forward, engine)

    def _score(self, rows: TrainingRows, number: int, forward: Forward, engine: Any) -> HeldOutScore:
        part = self.parts[number]
        # On every rank: what decay leaves of the word embeddings that no step sees.
        words = used_rows(engine.module)
        for name, now in trained_weights(engine, words):
            words[name].take_decay(now)
        return score_held_out(
            part.model,
            part.task,
            rows,
            engine,
            lambda inputs: forward(number, inputs)[0],
            fast_tokenizer(self.job.model),
            part.member.hyperparameters.max_length,
            part.member.hyperparameters.batch_size,
            self.world,
        )

    def _save(self, engine: Any) -> None:
        save_stage(engine, self.job, self.named, self.world, self.model.exports)

    def _result(
        self,
        done: int,
        seconds: float,
        resumed: int,
        skipped: int,
        log: TrainingLog,
        held_out: Sequence[HeldOutScore | None],
        early: EarlyStopping | None,
    ) -> StageResult:
        memory = max(from_every_rank(peak_memory_bytes(self.world.device)))
        samples, tokens = self.plan.totals(done)
        return on_first_rank(
            lambda: StageResult(
                steps=done,
                samples=samples,
                tokens=tokens,
                seconds=seconds,
                samples_per_second=samples / max(seconds, 1e-9),
                loss_curve=log.curve,
                final_loss=log.curve[-1].loss,
                resumed_from_step=resumed,
                world_size=self.world.size,
                zero_stage=zero_stage(self.config),
                precision=self.job.hyperparameters.precision,
                device=self.world.device.type,
                hardware=hardware(self.world),
                peak_memory_bytes=memory,
                skipped_steps=skipped,
                deterministic=is_deterministic(),
                members=tuple(_member_results(self.job, self.parts, self.plan, done, held_out)),
                early_stop=early.outcome(self.plan.steps) if early else None,
            )
        )


def _member_results(
    job: StageJob,
    parts: Sequence[TaskRows],
    plan: StepPlan,
    done: int,
    held_out: Sequence[HeldOutScore | None],
) -> Iterator[MemberResult]:
    probabilities = sampling_probabilities(job, parts)
    for part, batches, steps, score in zip(parts, plan.plans, plan.draws(done), held_out, strict=True):
        samples, tokens = batches.totals(steps)
        yield MemberResult(
            name=part.member.name,
            labels=part.task.labels,
            folder=part.folder,
            probability=probabilities[part.member.name],
            steps=steps,
            samples=samples,
            tokens=tokens,
            data=part.data,
            rows=part.rows_used,
            held_out=score,
        )


def _open_log(job: StageJob, world: World, steps: int, after_step: int) -> TrainingLog:
    folder = job.workdir if world.rank == 0 else None
    return TrainingLog(folder, steps, job.name, job.hyperparameters.learning_rate, after_step)

"""The steps of a run: what a worker is sent, and how it makes a manifest of it where it runs.

A step names what it needs by digests; paths follow from the store and the data folder of the place where it
runs, and what it was made with is recorded there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.config.mixture import Sampling
from harness.data.record import DataRecord
from harness.evaluation.job import EVALUATIONS, EvaluationJob, EvaluationManifest, EvaluationProgress
from harness.frozen_model import FrozenModel
from harness.models.references import ModelRef
from harness.store.manifest import EntryKind
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.forgetting_job import EvaluatedHead, ForgettingJob
from harness.training.job import Member, StageJob, StageProgress
from harness.training.manifest import FORGETTING, STAGES, ForgettingManifest, StageManifest

StepKind = Literal["train", "evaluate", "forgetting"]
StepManifest = StageManifest | EvaluationManifest | ForgettingManifest

ENTRY_KINDS: Mapping[StepKind, EntryKind[Any]] = {
    "train": STAGES,
    "evaluate": EVALUATIONS,
    "forgetting": FORGETTING,
}
"""Kind of step -> the kind of entry that it leaves in the store."""


class StepProgress(FrozenModel):
    """How far a step is.

    Attributes:
        completed: Of the step's `total`: optimizer steps, or items.
        samples: Training samples done; 0 where it trains none.
        items: Evaluation items done.
        text: The same for people.
    """

    kind: Literal["progress"] = "progress"
    completed: int
    total: int
    samples: int = 0
    samples_per_second: float = 0.0
    items: int = 0
    items_per_second: float = 0.0
    text: str

    @classmethod
    def of_stage(cls, stage: StageProgress) -> "StepProgress":
        """Return the progress of a stage that is trained."""
        return cls(
            completed=stage.step,
            total=stage.steps,
            samples=stage.samples,
            samples_per_second=stage.samples_per_second,
            text=f"step {stage.step}/{stage.steps}  {stage.samples_per_second:.1f} samples/s  "
            f"loss {stage.loss:.3f}",
        )

    @classmethod
    def of_evaluation(cls, scored: EvaluationProgress) -> "StepProgress":
        """Return the progress of an evaluation."""
        return cls(
            completed=scored.done,
            total=scored.total,
            items=scored.done,
            items_per_second=scored.items_per_second,
            text=f"item {scored.done}/{scored.total}  {scored.items_per_second:.0f} items/s",
        )


@dataclass(frozen=True)
class StepContext:
    """Where a step runs.

    Attributes:
        store: Holds what it depends on, and the folder in which it makes its entry.
        data_dir: Folder with local data, if any.
        resume_every: Seconds of training between two resume points.
        rank: Of this process among those that run the step.
        report: Takes the progress.
        remark: Takes what a user should know of the step, while it goes on.
    """

    store: Store
    data_dir: Path | None
    resume_every: float
    rank: int
    report: Callable[[StepProgress], None]
    remark: Callable[[str], None]

    def model_folder(self, stage: str, member: int = 0) -> Path:
        """Return the folder in which a finished stage keeps its encoder with the head of a member."""
        manifest = self.store.get(STAGES, stage)
        assert manifest is not None, "a step begins when its dependencies are finished"
        return self.store.path(STAGES, stage) / manifest.result.members[member].folder

    def encoder(self, model: ModelRef, stage: str | None) -> ModelRef:
        """Return the encoder that a finished stage passes on; the pretrained `model` for no stage."""
        return model if stage is None else model.beside(self.store.path(STAGES, stage) / "encoder")


class Step(FrozenModel, ABC):
    """A unit of work whose result a store keeps.

    Attributes:
        resumes: Whether it goes on from what a killed attempt left in its folder; others start anew, since
            they take less time than a resume point is worth.
        digest: Identity of what it makes.
        dependencies: Digests of the stages that must be finished first.
        model: The pretrained model.
    """

    resumes: ClassVar[bool] = False

    digest: str
    dependencies: tuple[str, ...]
    model: ModelRef

    @abstractmethod
    def run(self, context: StepContext) -> StepManifest | None:
        """Make the step's files in its folder of the store; return the manifest on rank 0, None elsewhere.

        Raises:
            UserError, RunError: It cannot be made.
        """

    @abstractmethod
    def memory_advice(self) -> str:
        """Return which settings to lower where memory ran out, with the values that they have."""

    def _made(self) -> dict[str, Any]:
        """Return what every manifest says of how it was made."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        return {"digest": self.digest, "environment": environment(), "finished": finished}


class TrainStep(Step):
    """Train a stage.

    Attributes:
        parent: Digest of the stage whose encoder it starts from; None: from the pretrained model.
        path: Of the stage in the plan.
        heads: Name of a member -> the stage that trained the head which it reuses, and the member there.
    """

    resumes: ClassVar[bool] = True

    kind: Literal["train"] = "train"
    parent: str | None
    model_name: str
    model_fingerprint: str
    name: str
    path: tuple[str, ...]
    members: tuple[Member, ...]
    heads: dict[str, tuple[str, int]]
    sampling: Sampling
    hyperparameters: Hyperparameters
    seed: int
    deepspeed: str
    deepspeed_config: dict[str, Any]

    def run(self, context: StepContext) -> StageManifest | None:
        """Train the stage; leave its encoder and heads."""
        from harness.training.stage import train_stage

        job = StageJob(
            digest=self.digest,
            name=self.name,
            model=context.encoder(self.model, self.parent),
            members=tuple(self._with_head(member, context) for member in self.members),
            sampling=self.sampling,
            hyperparameters=self.hyperparameters,
            seed=self.seed,
            deepspeed=self.deepspeed_config,
            data_dir=context.data_dir,
            workdir=context.store.workdir(self.digest),
        )
        result = train_stage(
            job,
            lambda progress: context.report(StepProgress.of_stage(progress)),
            remark=context.remark,
            resume_every=context.resume_every,
        )
        if context.rank:
            return None
        return StageManifest(
            **self._made(),
            parent=self.parent,
            model=self.model_name,
            model_fingerprint=self.model_fingerprint,
            trust_remote_code=self.model.trust_remote_code,
            path=self.path,
            hyperparameters=self.hyperparameters,
            sampling=self.sampling,
            seed=self.seed,
            deepspeed=self.deepspeed,
            deepspeed_config=self.deepspeed_config,
            result=result,
        )

    def _with_head(self, member: Member, context: StepContext) -> Member:
        if member.name not in self.heads:
            return member
        return member.model_copy(update={"head": context.model_folder(*self.heads[member.name])})

    def memory_advice(self) -> str:
        """Return the settings of training."""
        settings = self.hyperparameters
        return (
            f"out of memory: raise training.accumulation (now {settings.accumulation}), which splits a batch "
            f"of {settings.batch_size} into smaller passes; or lower training.max_length (now "
            f"{settings.max_length}) or training.batch_size, for this task under training.per_task."
            f"{self.name}; or give another DeepSpeed file (--deepspeed zero2_offload, zero3_offload), or "
            "fewer --workers"
        )


class EvaluateStep(Step):
    """Score a finished stage on evaluation tasks.

    Attributes:
        stage: Digest of the stage.
        data: Evaluation task -> the rows that it scores.
        task_folders: Further folders of task files.
    """

    kind: Literal["evaluate"] = "evaluate"
    stage: str
    split: str
    limit: int | None
    batch_size: int
    precision: Precision
    data: dict[str, DataRecord]
    task_folders: tuple[Path, ...] = ()

    def run(self, context: StepContext) -> EvaluationManifest | None:
        """Score the checkpoint; leave results and predictions."""
        from harness.evaluation.score import evaluate_checkpoint

        job = EvaluationJob(
            checkpoint=self.model.beside(context.model_folder(self.stage)),
            tasks=tuple(self.data),
            split=self.split,
            limit=self.limit,
            batch_size=self.batch_size,
            precision=self.precision,
            data_dir=context.data_dir,
            task_folders=self.task_folders,
            output=context.store.workdir(self.digest),
        )
        result = evaluate_checkpoint(
            job, lambda progress: context.report(StepProgress.of_evaluation(progress))
        )
        if result is None:
            return None
        return EvaluationManifest(
            **self._made(),
            stage=self.stage,
            split=self.split,
            limit=self.limit,
            precision=self.precision,
            batch_size=self.batch_size,
            data=self.data,
            result=result,
        )

    def memory_advice(self) -> str:
        """Return the setting of evaluation."""
        return f"out of memory: lower evaluation.batch_size (now {self.batch_size})"


class ForgettingStep(Step):
    """Evaluate a finished stage's encoder on the tasks of the stages up to it.

    Attributes:
        stage: Digest of the stage.
    """

    kind: Literal["forgetting"] = "forgetting"
    stage: str
    heads: tuple[EvaluatedHead, ...]

    def run(self, context: StepContext) -> ForgettingManifest | None:
        """Score each task; leave no files."""
        from harness.training.forgetting import evaluate_forgetting

        job = ForgettingJob(
            encoder=context.encoder(self.model, self.stage),
            heads=self.heads,
            folders=tuple(context.model_folder(head.stage) for head in self.heads),
            data_dir=context.data_dir,
        )
        result = evaluate_forgetting(job)
        return None if context.rank else ForgettingManifest(**self._made(), stage=self.stage, result=result)

    def memory_advice(self) -> str:
        """Return the setting of the tasks' own batches."""
        tasks = ", ".join(dict.fromkeys(head.task.name for head in self.heads))
        return f"out of memory: lower training.batch_size, under training.per_task of one of {tasks}"


AnyStep = TrainStep | EvaluateStep | ForgettingStep

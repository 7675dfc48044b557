"""The step that trains a stage."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.execution.steps.base import Step, StepContext, StepProgress
from harness.training.job import Member, StageJob
from harness.training.manifest import StageManifest
from harness.training.monitors import Monitoring


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
    monitoring: Monitoring | None = None

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
            monitoring=self.monitoring,
            data_dir=context.data_dir,
            workdir=context.store.workdir(self.digest),
        )
        result = train_stage(
            job,
            lambda progress: context.report(StepProgress.of_stage(progress)),
            remark=context.remark,
            resume_every=context.resume_every,
            stop=context.stop,
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

    def moved(self, change: Callable[[str], str]) -> Self:
        """Return the step with other paths."""
        monitoring = self.monitoring.moved(change) if self.monitoring else None
        return super().moved(change).model_copy(update={"monitoring": monitoring})

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

"""A sequence file: model, intermediate tasks, orders, targets, seeds, training, evaluation."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from harness.spec.hyperparameters import Hyperparameters, Overrides, Precision
from harness.spec.training_task import Name

SequenceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LengthOrders(_Model):
    """Every order of every choice of that many intermediate tasks; 0 is the target-only baseline."""

    lengths: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)


class TrainingSettings(Hyperparameters):
    """The hyperparameters of every stage, and what single tasks want otherwise."""

    per_task: dict[Name, Overrides] = Field({}, description="Task -> the settings that differ for it.")

    def for_task(self, task: str) -> Hyperparameters:
        """Return the settings with which `task` is trained."""
        base = Hyperparameters.model_validate(self.model_dump(exclude={"per_task"}))
        return base.overridden(self.per_task.get(task, {}))


class EvaluationSettings(_Model):
    """What the checkpoints are scored on."""

    tasks: tuple[str, ...] = Field(min_length=1, description="lm-eval groups or tasks from tasks/evaluation.")
    split: Literal["test", "validation"] = "test"
    batch_size: int = Field(64, ge=1, description="Documents per forward pass; does not enter any digest.")
    precision: Precision | None = Field(None, description="Default: the precision of training.")
    limit: int | None = Field(None, ge=1, description="Only this many items per task, for trials.")


class SequenceFile(_Model):
    """One experiment in orders, as a researcher writes it."""

    name: SequenceName
    title: str | None = None
    question: str | None = Field(None, description="The question that the leaderboard answers.")
    model: str = Field(description="Hub id, local folder (with a / in it), or embedded:e5-small.")
    revision: str = Field("main", description="Branch, tag or commit of a hub model.")
    trust_remote_code: bool = Field(False, description="Run code from the model's repository; recorded.")
    intermediates: tuple[Name, ...] = ()
    orders: Literal["all"] | LengthOrders | tuple[tuple[Name, ...], ...] = Field(
        "all", description="all (every order of every length), {lengths: [...]}, or a list of orders."
    )
    targets: tuple[Name, ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(min_length=1)
    training: TrainingSettings = TrainingSettings()
    deepspeed: str = Field("zero2", description="Name in deepspeed_configs/ or path of a DeepSpeed JSON.")
    evaluation: EvaluationSettings

    def hyperparameters(self, task: str) -> Hyperparameters:
        """Return the settings with which `task` is trained in this file."""
        return self.training.for_task(task)

"""What is looked at before any stage is trained."""

from typing import Any

from pydantic import Field

from harness.config.hyperparameters import Hyperparameters
from harness.frozen_model import FrozenModel
from harness.kinds.registry import TrainingTask
from harness.models.references import ModelRef


class TaskToCheck(FrozenModel):
    """A training task as some stage of a plan trains it."""

    name: str
    task: TrainingTask
    hyperparameters: Hyperparameters
    texts: tuple[str, ...] = Field(description="Of its first rows.")


class PreflightJob(FrozenModel):
    """A model and all that a plan wants to train it on."""

    model: ModelRef = Field(description="The pretrained model, as a folder of this machine.")
    deepspeed: dict[str, Any]
    tasks: tuple[TaskToCheck, ...]
    stages: tuple[Hyperparameters, ...] = Field(description="The settings of the stages, each once.")
    languages: tuple[str, ...] = Field((), description="Of the rows that are trained on or scored.")
    evaluation_texts: dict[str, tuple[str, ...]] = Field({}, description="Evaluation task -> first texts.")

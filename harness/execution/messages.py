"""What the runner and its worker tell each other, as JSON files and lines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.evaluation.job import EvaluationJob, EvaluationProgress, EvaluationResult
from harness.frozen_model import FrozenModel
from harness.training.forgetting_job import ForgettingJob, ForgettingResult
from harness.training.job import StageJob, StageProgress, StageResult
from harness.training.preflight import PreflightJob


class TrainRequest(FrozenModel):
    """Train a stage.

    Attributes:
        locks: The folder of the locks that keep two workers out of one workdir.
        resume_every: Seconds of training between two resume points.
    """

    kind: Literal["train"] = "train"
    job: StageJob
    locks: Path
    resume_every: float


class EvaluateRequest(FrozenModel):
    """Score a checkpoint."""

    kind: Literal["evaluate"] = "evaluate"
    job: EvaluationJob


class ForgettingRequest(FrozenModel):
    """Evaluate how well a stage's encoder does the tasks up to it."""

    kind: Literal["forgetting"] = "forgetting"
    job: ForgettingJob


class CheckRequest(FrozenModel):
    """Look at the model and at what a plan wants of it, before anything is trained."""

    kind: Literal["check"] = "check"
    job: PreflightJob


class StopRequest(FrozenModel):
    """End the worker."""

    kind: Literal["stop"] = "stop"


class Training(FrozenModel):
    """A stage goes on."""

    kind: Literal["training"] = "training"
    progress: StageProgress


class Remark(FrozenModel):
    """Something that a user should know of the work; it goes on."""

    kind: Literal["remark"] = "remark"
    text: str


class Evaluating(FrozenModel):
    """An evaluation goes on."""

    kind: Literal["evaluating"] = "evaluating"
    progress: EvaluationProgress


class Trained(FrozenModel):
    """A stage lies complete in its workdir."""

    kind: Literal["trained"] = "trained"
    result: StageResult


class Evaluated(FrozenModel):
    """An evaluation lies complete in its output folder."""

    kind: Literal["evaluated"] = "evaluated"
    result: EvaluationResult


class ForgettingDone(FrozenModel):
    """A forgetting evaluation is complete."""

    kind: Literal["forgetting_done"] = "forgetting_done"
    result: ForgettingResult


class Checked(FrozenModel):
    """Nothing stands against training; `warnings` are what a user should know."""

    kind: Literal["checked"] = "checked"
    warnings: tuple[str, ...]


class Failed(FrozenModel):
    """The request could not be carried out; the worker's log has the rest."""

    kind: Literal["failed"] = "failed"
    error: str
    disk_full: bool = False
    refused: bool = Field(False, description="Whether the user is to change something (a UserError).")


WorkRequest = CheckRequest | TrainRequest | EvaluateRequest | ForgettingRequest
Request = WorkRequest | StopRequest
Event = Training | Remark | Evaluating | Checked | Trained | Evaluated | ForgettingDone | Failed

request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

"""What the runner and its worker tell each other, as JSON files and lines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.evaluation.job import EvaluationJob, EvaluationProgress, EvaluationResult
from harness.frozen_model import FrozenModel
from harness.training.job import StageJob, StageProgress, StageResult
from harness.training.retention_job import RetentionJob, RetentionResult


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


class RetainRequest(FrozenModel):
    """Measure what a stage kept of the tasks up to it."""

    kind: Literal["retain"] = "retain"
    job: RetentionJob


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


class Retained(FrozenModel):
    """What a stage kept was measured."""

    kind: Literal["retained"] = "retained"
    result: RetentionResult


class Failed(FrozenModel):
    """The request could not be carried out; the worker's log has the rest."""

    kind: Literal["failed"] = "failed"
    error: str
    disk_full: bool = False


WorkRequest = TrainRequest | EvaluateRequest | RetainRequest
Request = WorkRequest | StopRequest
Event = Training | Remark | Evaluating | Trained | Evaluated | Retained | Failed

request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

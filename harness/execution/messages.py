"""What the runner and its worker tell each other, as JSON files and lines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from harness.evaluation.job import EvaluationJob, EvaluationProgress, EvaluationResult
from harness.training.job import MixtureJob, StageJob, StageProgress, StageResult
from harness.training.retention_job import RetentionJob, RetentionResult


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainRequest(_Model):
    """Train a stage; `locks` is the folder of the locks that keep two workers out of one workdir."""

    kind: Literal["train"] = "train"
    job: StageJob | MixtureJob
    locks: Path


class EvaluateRequest(_Model):
    """Score a checkpoint."""

    kind: Literal["evaluate"] = "evaluate"
    job: EvaluationJob


class RetainRequest(_Model):
    """Measure what a stage kept of the tasks up to it."""

    kind: Literal["retain"] = "retain"
    job: RetentionJob


class StopRequest(_Model):
    """End the worker."""

    kind: Literal["stop"] = "stop"


class Training(_Model):
    """A stage goes on."""

    kind: Literal["training"] = "training"
    progress: StageProgress


class Evaluating(_Model):
    """An evaluation goes on."""

    kind: Literal["evaluating"] = "evaluating"
    progress: EvaluationProgress


class Trained(_Model):
    """A stage lies complete in its workdir."""

    kind: Literal["trained"] = "trained"
    result: StageResult


class Evaluated(_Model):
    """An evaluation lies complete in its output folder."""

    kind: Literal["evaluated"] = "evaluated"
    result: EvaluationResult


class Retained(_Model):
    """What a stage kept was measured."""

    kind: Literal["retained"] = "retained"
    result: RetentionResult


class Failed(_Model):
    """The request could not be carried out; the worker's log has the rest."""

    kind: Literal["failed"] = "failed"
    error: str
    disk_full: bool = False


WorkRequest = TrainRequest | EvaluateRequest | RetainRequest
Request = WorkRequest | StopRequest
Event = Training | Evaluating | Trained | Evaluated | Retained | Failed

request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

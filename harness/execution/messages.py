"""What the runner and its worker tell each other, as JSON files and lines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.data.location import DataFolders
from harness.execution.steps import AnyStep
from harness.execution.steps.base import StepManifest, StepProgress
from harness.frozen_model import FrozenModel
from harness.training.preflight import PreflightJob


class StepRequest(FrozenModel):
    """Run a step.

    Attributes:
        store: Folder of the store.
        data_dir: Folder with local data, if any.
        resume_every: Seconds of training between two resume points.
    """

    kind: Literal["step"] = "step"
    step: Annotated[AnyStep, Field(discriminator="kind")]
    store: Path
    data_dir: DataFolders
    resume_every: float

    def memory_advice(self) -> str:
        """Return what to do where memory ran out."""
        return self.step.memory_advice()


class CheckRequest(FrozenModel):
    """Look at the model and at what a plan wants of it, before anything is trained."""

    kind: Literal["check"] = "check"
    job: PreflightJob

    def memory_advice(self) -> str:
        """Return what to do where memory ran out."""
        return "out of memory: close other programs, or take a smaller model"


class StopRequest(FrozenModel):
    """End the worker."""

    kind: Literal["stop"] = "stop"


class Remark(FrozenModel):
    """Something that a user should know of the step; it goes on."""

    kind: Literal["remark"] = "remark"
    text: str


class Finished(FrozenModel):
    """The step's files lie complete in its folder; the manifest lacks their checksums."""

    kind: Literal["finished"] = "finished"
    manifest: Annotated[StepManifest, Field(discriminator="kind")]


class Checked(FrozenModel):
    """Nothing stands against training; `warnings` are what a user should know."""

    kind: Literal["checked"] = "checked"
    warnings: tuple[str, ...]


class Failed(FrozenModel):
    """The step failed; the worker's log has the rest."""

    kind: Literal["failed"] = "failed"
    error: str
    disk_full: bool = False
    refused: bool = Field(False, description="Whether the user is to change something (a UserError).")


Request = StepRequest | CheckRequest | StopRequest
Event = StepProgress | Remark | Finished | Checked | Failed

request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

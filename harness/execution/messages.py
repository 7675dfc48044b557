"""What the runner and its worker tell each other, as JSON files and lines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.execution.steps import AnyStep, StepManifest, StepProgress
from harness.frozen_model import FrozenModel


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
    data_dir: Path | None
    resume_every: float


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


class Failed(FrozenModel):
    """The step failed; the worker's log has the rest."""

    kind: Literal["failed"] = "failed"
    error: str
    disk_full: bool = False


Request = StepRequest | StopRequest
Event = StepProgress | Remark | Finished | Failed

request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

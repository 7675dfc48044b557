"""What is heard of a step while it is carried out, and how it ends."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.execution.steps.base import StepManifest, StepProgress
from harness.frozen_model import FrozenModel


class Started(FrozenModel):
    """A process has begun to carry the step out."""

    kind: Literal["started"] = "started"
    host: str
    pid: int


class Queued(FrozenModel):
    """The step waits outside of this run.

    Attributes:
        text: Where, and for what, as far as it is known.
    """

    kind: Literal["queued"] = "queued"
    text: str


class Heartbeat(FrozenModel):
    """The process lives."""

    kind: Literal["heartbeat"] = "heartbeat"


class Remark(FrozenModel):
    """Something that a user should know of the step; it goes on."""

    kind: Literal["remark"] = "remark"
    text: str


class Released(FrozenModel):
    """The step computes no more: only its files are still read and moved into the store."""

    kind: Literal["released"] = "released"


class Finished(FrozenModel):
    """The step's entry lies in the store.

    Attributes:
        manifest: As the store holds it; None for a step that leaves no entry.
        reused: It was there already.
    """

    kind: Literal["finished"] = "finished"
    manifest: Annotated[StepManifest, Field(discriminator="kind")] | None
    reused: bool = False


class Checked(FrozenModel):
    """Nothing stands against training; `warnings` are what a user should know."""

    kind: Literal["checked"] = "checked"
    warnings: tuple[str, ...]


class Failed(FrozenModel):
    """The step failed, and would fail again.

    Attributes:
        error: For the user.
        log: Path of the log with the rest, where there is one.
        disk_full: No space is left where the store lies; other steps would fail for it too.
        refused: Something is wrong with what the user asked for (a UserError).
        expected: xstilts raised it on purpose; after another error a device or a library may be unusable.
    """

    kind: Literal["failed"] = "failed"
    error: str
    log: str | None = None
    disk_full: bool = False
    refused: bool = False
    expected: bool = False


class Busy(FrozenModel):
    """Another process is making the entry; to be looked at again later."""

    kind: Literal["busy"] = "busy"
    owner: str


class Missing(FrozenModel):
    """Entries that the step needs are not there, or were damaged and are quarantined; made again first."""

    kind: Literal["missing"] = "missing"
    digests: tuple[str, ...]
    damage: tuple[str, ...] = Field((), description="What was found damaged, a line each.")


class Interrupted(FrozenModel):
    """A signal stopped the step; carried out again, it goes on from its resume point.

    Attributes:
        saved: Optimizer steps that the resume point holds; None where the step begins anew.
    """

    kind: Literal["interrupted"] = "interrupted"
    saved: int | None = None


class Lost(FrozenModel):
    """The process or its machine is gone without a word of the step; it is tried again, elsewhere if need be.

    Attributes:
        reason: What is known.
    """

    kind: Literal["lost"] = "lost"
    reason: str


Outcome = Finished | Checked | Failed | Busy | Missing | Interrupted | Lost
"""How a step ends."""
Event = Queued | Started | StepProgress | Heartbeat | Remark | Released | Outcome

outcome_adapter: TypeAdapter[Outcome] = TypeAdapter(Annotated[Outcome, Field(discriminator="kind")])
event_adapter: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])

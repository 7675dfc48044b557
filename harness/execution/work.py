"""What a run has to do, and what it did."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.execution.resolution import Resolution
from harness.plan.stage import Stage


@dataclass(frozen=True)
class Work:
    """One stage to train or to evaluate."""

    kind: Literal["train", "evaluate"]
    stage: Stage
    digest: str

    def __str__(self) -> str:
        """Return the stage in words."""
        return str(self.stage) if self.kind == "train" else f"evaluation of {self.stage}"

    @property
    def before(self) -> Stage | None:
        """The stage that must be finished first."""
        return self.stage.parent if self.kind == "train" else self.stage


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        failures: Stages that failed, or whose evaluation or an earlier stage failed -> why.
    """

    trained: int = 0
    evaluated: int = 0
    reused_stages: int = 0
    reused_evaluations: int = 0
    failures: dict[Stage, str] = field(default_factory=dict)


def all_work(resolution: Resolution) -> Iterator[Work]:
    """Yield everything that a plan asks for, each stage after its parent."""
    for stage in resolution.plan.stages:
        yield Work("train", stage, resolution.digests[stage])
        if stage.role == "target":
            yield Work("evaluate", stage, resolution.evaluation_digests[stage])

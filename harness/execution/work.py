"""What a run has to do, and what it did."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.execution.resolution import Resolution
from harness.plan.stage import Stage


@dataclass(frozen=True)
class Work:
    """One stage to train, to evaluate, or to measure under the heads of earlier ones.

    Attributes:
        needs: The stages that must be finished first, where it is to be done.
    """

    kind: Literal["train", "evaluate", "forgetting"]
    stage: Stage
    digest: str
    needs: tuple[Stage, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Return the stage in words."""
        what = {"train": "", "evaluate": "evaluation of ", "forgetting": "forgetting evaluation of "}
        return f"{what[self.kind]}{self.stage}"


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        failures: Stages that failed, or whose evaluation or an earlier stage failed -> why.
        unmeasured: Stages whose earlier tasks could not be measured -> why.
    """

    trained: int = 0
    evaluated: int = 0
    reused_stages: int = 0
    reused_evaluations: int = 0
    failures: dict[Stage, str] = field(default_factory=dict)
    unmeasured: dict[Stage, str] = field(default_factory=dict)


def all_work(resolution: Resolution) -> Iterator[Work]:
    """Yield everything that a plan asks for, each stage after its parent."""
    for stage in resolution.plan.stages:
        yield Work("train", stage, resolution.digests[stage], resolution.dependencies(stage))
        if stage.is_evaluated:
            yield Work("evaluate", stage, resolution.evaluation_digests[stage], (stage,))
        if stage in resolution.forgetting_digests:
            yield Work("forgetting", stage, resolution.forgetting_digests[stage], stage.lineage())

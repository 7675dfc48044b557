"""What all kinds of step have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from harness.data.location import DataFolders
from harness.evaluation.job import EVALUATIONS, EvaluationManifest, EvaluationProgress
from harness.frozen_model import FrozenModel
from harness.models.references import ModelRef
from harness.store.manifest import EntryKind
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.job import StageProgress
from harness.training.manifest import FORGETTING, STAGES, ForgettingManifest, StageManifest

StepKind = Literal["train", "evaluate", "forgetting"]
StepManifest = StageManifest | EvaluationManifest | ForgettingManifest

ENTRY_KINDS: Mapping[StepKind, EntryKind[Any]] = {
    "train": STAGES,
    "evaluate": EVALUATIONS,
    "forgetting": FORGETTING,
}
"""Kind of step -> the kind of entry that it leaves in the store."""


class StepProgress(FrozenModel):
    """How far a step is.

    Attributes:
        completed: Of the step's `total`: optimizer steps, or items.
        samples: Training samples done; 0 where it trains none.
        items: Evaluation items done.
        text: The same for people.
    """

    kind: Literal["progress"] = "progress"
    completed: int
    total: int
    samples: int = 0
    samples_per_second: float = 0.0
    items: int = 0
    items_per_second: float = 0.0
    text: str

    @classmethod
    def of_stage(cls, stage: StageProgress) -> "StepProgress":
        """Return the progress of a stage that is trained."""
        return cls(
            completed=stage.step,
            total=stage.steps,
            samples=stage.samples,
            samples_per_second=stage.samples_per_second,
            text=f"step {stage.step}/{stage.steps}  {stage.samples_per_second:.1f} samples/s  "
            f"loss {stage.loss:.3f}",
        )

    @classmethod
    def of_evaluation(cls, scored: EvaluationProgress) -> "StepProgress":
        """Return the progress of an evaluation."""
        return cls(
            completed=scored.done,
            total=scored.total,
            items=scored.done,
            items_per_second=scored.items_per_second,
            text=f"item {scored.done}/{scored.total}  {scored.items_per_second:.0f} items/s",
        )


@dataclass(frozen=True)
class StepContext:
    """Where a step runs.

    Attributes:
        store: Holds what it depends on, and the folder in which it makes its entry.
        data_dir: Folder with local data, if any.
        resume_every: Seconds of training between two resume points.
        rank: Of this process among those that run the step.
        report: Takes the progress.
        remark: Takes what a user should know of the step, while it goes on.
        stop: Tells whether the step is to save a resume point and end.
    """

    store: Store
    data_dir: DataFolders
    resume_every: float
    rank: int
    report: Callable[[StepProgress], None]
    remark: Callable[[str], None]
    stop: Callable[[], bool]

    def model_folder(self, stage: str, member: int = 0) -> Path:
        """Return the folder in which a finished stage keeps its encoder with the head of a member."""
        manifest = self.store.get(STAGES, stage)
        assert manifest is not None, "a step begins when its dependencies are finished"
        return self.store.path(STAGES, stage) / manifest.result.members[member].folder

    def encoder(self, model: ModelRef, stage: str | None) -> ModelRef:
        """Return the encoder that a finished stage passes on; the pretrained `model` for no stage."""
        return model if stage is None else model.beside(self.store.path(STAGES, stage) / "encoder")


class BaseStep(FrozenModel, ABC):
    """A unit of work.

    Attributes:
        digest: Identity of what it makes.
        dependencies: Digests of the stages that must be finished first.
        model: The pretrained model.
    """

    digest: str
    dependencies: tuple[str, ...] = ()
    model: ModelRef

    def moved(self, change: Callable[[str], str]) -> Self:
        """Return the step with other paths: `change` takes each one, and names that are none."""
        return self.model_copy(
            update={"model": self.model.model_copy(update={"name": change(self.model.name)})}
        )

    @abstractmethod
    def memory_advice(self) -> str:
        """Return which settings to lower where memory ran out, with the values that they have."""


class Step(BaseStep, ABC):
    """A unit of work whose result a store keeps.

    Attributes:
        resumes: Whether it goes on from what a killed attempt left in its folder; others start anew, since
            they take less time than a resume point is worth.
    """

    resumes: ClassVar[bool] = False

    @abstractmethod
    def run(self, context: StepContext) -> StepManifest | None:
        """Make the step's files in its folder of the store; return the manifest on rank 0, None elsewhere.

        Raises:
            UserError, RunError: It cannot be made.
        """

    def _made(self) -> dict[str, Any]:
        """Return what every manifest says of how it was made."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        return {"digest": self.digest, "environment": environment(), "finished": finished}

"""The learning curve of a stage, short enough to be published with every leaderboard."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from harness.frozen_model import FrozenModel
from harness.planning.content import shown_name
from harness.results.shown_name import ShownName

if TYPE_CHECKING:
    from harness.planning.stage import Stage
    from harness.resolved_plan import ResolvedPlan
    from harness.results.finished import FinishedEntries
    from harness.store.entry import Entry
    from harness.training.manifest import StageManifest

POINTS = 12
# Beyond so many stages the curves would be most of the file, and nobody looks at each.
MOST_CURVES = 1_000
_DECIMALS = 4


class StageCurve(FrozenModel):
    """The training loss of one stage of one seed.

    Attributes:
        stages: The stages from the pretrained model to this one, its own last.
        steps: Optimizer steps, rising; a loss is the mean over the steps since the one before.
        losses: Mean loss per example, in nats where the task's loss is a cross-entropy.
    """

    stages: tuple[ShownName, ...] = Field(min_length=1)
    seed: int
    steps: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1)
    losses: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]

    @model_validator(mode="after")
    def _a_loss_for_each_step(self) -> Self:
        if len(self.steps) != len(self.losses) or list(self.steps) != sorted(set(self.steps)):
            raise ValueError(f"{' → '.join(self.stages)}: its steps do not rise, or not each has a loss")
        return self

    @classmethod
    def of(cls, stages: tuple[str, ...], seed: int, points: Sequence[tuple[int, float]]) -> "StageCurve":
        """Shorten a log to at most `POINTS` points, each the mean over the steps that it stands for.

        Args:
            stages: The stages up to this one.
            seed: Its seed.
            points: Step, and mean loss since the step before; at least one.
        """
        size = -(-len(points) // POINTS)
        steps, losses, before = [], [], 0
        for start in range(0, len(points), size):
            total = 0.0
            first = before
            for step, loss in points[start : start + size]:
                total += (step - before) * loss
                before = step
            steps.append(before)
            losses.append(round(total / (before - first), _DECIMALS))
        return cls(stages=stages, seed=seed, steps=tuple(steps), losses=tuple(losses))


def limited(curves: Iterable[StageCurve]) -> tuple[StageCurve, ...]:
    """Return each stage's curve once, or none where there are very many."""
    found = {(curve.stages, curve.seed): curve for curve in curves}
    return tuple(found.values()) if len(found) <= MOST_CURVES else ()


def stage_curves(resolved: "ResolvedPlan", finished: "FinishedEntries") -> tuple[StageCurve, ...]:
    """Return the learning curves of a plan's finished stages, sequence by sequence."""
    return limited(
        _stage_curve(resolved, sequence.target_stage, entry)
        for sequence in resolved.plan.sequences
        for entry in finished.chain(sequence.target_stage)
    )


def _stage_curve(resolved: "ResolvedPlan", target: "Stage", entry: "Entry[StageManifest]") -> StageCurve:
    stages = target.lineage()[: len(entry.manifest.path)]
    names = (str(s.shots) if s.shots else shown_name(resolved.plan.loaded, s.task) for s in stages)
    points = [(point.step, point.loss) for point in entry.manifest.result.loss_curve]
    return StageCurve.of(tuple(names), target.seed, points)

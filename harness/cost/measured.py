"""Operations of what was trained and scored, by the formulas of the estimate on what was measured."""

from collections.abc import Iterable

from harness.cost.accelerators import ACCELERATORS
from harness.cost.architecture import Architecture
from harness.cost.estimate import Machine, Size, scoring_flops, stage_cost
from harness.cost.hub_models import architecture
from harness.errors import UserError
from harness.evaluation.job import EvaluationManifest
from harness.resolved_plan import ResolvedPlan
from harness.training.manifest import StageManifest


def measured_flops(
    resolved: ResolvedPlan, manifests: Iterable[StageManifest | EvaluationManifest]
) -> float | None:
    """Return the operations of finished stages and evaluations; None where the model's shape is not known.

    Tokens are those that the stages saw. Items are taken to be as long as the rows of their target.
    """
    loaded, made = resolved.plan.loaded, list(manifests)
    try:
        model = architecture(loaded.model)
    except UserError:
        return None
    stages = {one.digest: one for one in made if isinstance(one, StageManifest)}
    total = sum(_training(model, stage) for stage in stages.values())
    for one in made:
        if isinstance(one, EvaluationManifest) and one.stage in stages:
            size = _size(stages[one.stage])
            items = sum(score.items for score in one.result.scores)
            total += scoring_flops(model, items, size.tokens_per_row, size.labels)
    return total


def _training(model: Architecture, stage: StageManifest) -> float:
    size = _size(stage)
    settings = stage.hyperparameters.model_copy(update={"steps": stage.result.steps, "train_rows": None})
    planned = stage_cost(model, size, settings, Machine(ACCELERATORS["A100"]))
    # Epochs end in batches that are not full, so that samples are fewer than steps times the batch size.
    return planned.flops * stage.result.samples / planned.samples


def _size(stage: StageManifest) -> Size:
    labels = sum(len(member.labels) for member in stage.result.members)
    rows = sum(member.rows for member in stage.result.members)
    return Size(rows, stage.result.tokens / stage.result.samples, labels)

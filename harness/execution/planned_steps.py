"""What a plan asks for, step by step, and what a run did."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config.load import LoadedSequence
from harness.data.record import DataRecord
from harness.execution.steps import EntryStep
from harness.execution.steps.base import StepKind
from harness.execution.steps.evaluate import EvaluateStep
from harness.execution.steps.forgetting import ForgettingStep
from harness.execution.steps.train import TrainStep
from harness.kinds.registry import kind_of
from harness.planning.stage import Stage
from harness.resolved_plan import ResolvedPlan, evaluation_precision
from harness.training.forgetting_job import EvaluatedHead
from harness.training.job import Member
from harness.training.monitors import Monitoring


@dataclass(frozen=True)
class PlannedStep:
    """One stage to train, to evaluate, or to evaluate for forgetting.

    Attributes:
        dependencies: The stages that must be finished first, where it is to be done.
    """

    kind: StepKind
    stage: Stage
    digest: str
    dependencies: tuple[Stage, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        """Return what is done to which stage."""
        what = {"train": "", "evaluate": "evaluation of ", "forgetting": "forgetting evaluation of "}
        return f"{what[self.kind]}{self.stage}"


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        made: Kind of step -> how many were made.
        reused: Kind of step -> how many were in the store.
        absent: Kind of step -> how many are not there, but nothing that was to be made needs them.
        failures: Stages that failed, or whose evaluation or an earlier stage failed -> why.
        unmeasured: Stages whose forgetting evaluation failed -> why.
    """

    made: Counter[StepKind] = field(default_factory=Counter)
    reused: Counter[StepKind] = field(default_factory=Counter)
    absent: Counter[StepKind] = field(default_factory=Counter)
    failures: dict[Stage, str] = field(default_factory=dict)
    unmeasured: dict[Stage, str] = field(default_factory=dict)


def all_steps(resolved: ResolvedPlan) -> Iterator[PlannedStep]:
    """Yield everything that a plan asks for, each stage after its parent."""
    for stage in resolved.plan.stages:
        before = resolved.dependencies(stage)
        if stage.is_trained:
            yield PlannedStep("train", stage, resolved.digests[stage], before)
        if stage.is_evaluated:
            needed = (stage,) if stage.is_trained else before
            yield PlannedStep("evaluate", stage, resolved.evaluation_digests[stage], needed)
        if stage in resolved.forgetting_digests:
            yield PlannedStep("forgetting", stage, resolved.forgetting_digests[stage], stage.lineage())


def step_of(resolved: ResolvedPlan, planned: PlannedStep) -> EntryStep:
    """Return what a worker is sent."""
    common: dict[str, Any] = {
        "digest": planned.digest,
        "dependencies": tuple(resolved.digests[stage] for stage in planned.dependencies),
        "model": resolved.model.ref,
    }
    build = {"train": _train_step, "evaluate": _evaluate_step, "forgetting": _forgetting_step}
    return build[planned.kind](resolved, planned.stage, common)


def _train_step(resolved: ResolvedPlan, stage: Stage, common: dict[str, Any]) -> EntryStep:
    loaded, content = resolved.plan.loaded, resolved.content(stage)
    return TrainStep(
        **common,
        parent=resolved.digests[stage.parent] if stage.parent else None,
        model_name=resolved.model.name,
        model_fingerprint=resolved.model.fingerprint,
        name=stage.task,
        path=stage.path,
        members=tuple(
            Member(
                name=member.name,
                task=member.task,
                hyperparameters=member.settings,
                data_revision=resolved.training[member.name].revision,
                data_fingerprint=resolved.training[member.name].fingerprint,
                dropped_rows=resolved.training[member.name].dropped,
                held_out_fingerprint=resolved.early_stopping.get(member.name),
            )
            for member in content.members
        ),
        heads={
            name: (resolved.digests[head.stage], head.member)
            for name, head in resolved.reused_heads(stage).items()
        },
        sampling=content.sampling,
        hyperparameters=content.settings,
        seed=stage.training_seed,
        deepspeed=loaded.deepspeed.name,
        deepspeed_config=loaded.deepspeed.config,
        monitoring=_monitoring(loaded, stage),
    )


def _monitoring(loaded: LoadedSequence, stage: Stage) -> Monitoring | None:
    monitors = dict(loaded.deepspeed.monitors)
    if not monitors:
        return None
    return Monitoring(sequence=loaded.spec.name, stage=str(stage), monitors=monitors).located(Path.cwd())


def _evaluate_step(resolved: ResolvedPlan, stage: Stage, common: dict[str, Any]) -> EntryStep:
    settings = resolved.plan.loaded.spec.evaluation
    return EvaluateStep(
        **common,
        stage=resolved.digests[stage],
        has_head=stage.is_trained,
        split=settings.split_of(stage.task),
        limit=settings.limit,
        batch_size=settings.batch_size,
        precision=evaluation_precision(resolved.plan, stage.task),
        data={task.name: DataRecord.of(resolved.evaluation[task.name]) for task in resolved.leaves(stage)},
        task_folders=resolved.plan.loaded.task_folders,
    )


def _forgetting_step(resolved: ResolvedPlan, stage: Stage, common: dict[str, Any]) -> EntryStep:
    loaded = resolved.plan.loaded
    heads = []
    for place, before in enumerate(stage.lineage(), 1):
        if before.task not in resolved.held_out:
            continue
        task, settings = loaded.tasks[before.task], loaded.spec.hyperparameters(before.task)
        heads.append(
            EvaluatedHead(
                place=place,
                stage=resolved.digests[before],
                task=kind_of(task).with_labels(task, resolved.training[before.task].labels),
                max_length=settings.max_length,
                batch_size=settings.batch_size,
            )
        )
    return ForgettingStep(**common, stage=resolved.digests[stage], heads=tuple(heads))

"""With what a leaderboard's stages were trained and scored, and what that took."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.evaluation.job import EvaluationManifest
from harness.frozen_model import FrozenModel
from harness.planning.content import shown_name
from harness.planning.stage import Shots, Stage
from harness.resolved_plan import ResolvedPlan, evaluation_precision
from harness.training.job import EarlyStop
from harness.training.manifest import StageManifest


class UsedRows(FrozenModel):
    """The rows of one training task that a stage was trained on."""

    name: str
    rows: int = Field(description="Rows of the source, without those that are also evaluation rows.")
    dropped: int = Field(description="Rows left out since they are also evaluation rows.")
    used: int = Field(description="Rows really trained on, after train_rows and --limit.")
    max_length: int


class StageSettings(FrozenModel):
    """The settings of all stages of one training task, mixture or few-shot stage."""

    stage: str = Field(description="As the rows of the leaderboard name it.")
    hyperparameters: Hyperparameters
    steps: int | None = Field(None, description="Optimizer steps of one stage; none where that is not known.")
    samples: int = Field(description="Examples seen by one stage, repetitions counted.")
    members: tuple[UsedRows, ...]
    early_stops: tuple[EarlyStop, ...] = Field(
        (),
        exclude_if=lambda stops: not stops,
        description="Of each finished stage with early stopping, which steps it was trained and kept.",
    )
    skipped_steps: tuple[int, ...] = Field(
        (),
        exclude_if=lambda steps: not steps,
        description="Of each finished stage, the steps that changed nothing since a gradient exceeded fp16; "
        "none where there was no such step.",
    )
    nondeterministic: int = Field(
        0,
        exclude_if=lambda stages: not stages,
        description="Finished stages with an operation that had no deterministic form on their device.",
    )
    from_manifests: bool = Field(description="False: from the sequence file, since no manifest was there.")


class Scoring(FrozenModel):
    """How the checkpoints of a target are scored."""

    target: str
    precision: Precision
    items: dict[str, int] = Field(description="Evaluation task -> items scored.")
    trained: bool = Field(
        True,
        exclude_if=lambda trained: trained,
        description="False: the target has no training rows, and the encoder is scored as it is.",
    )


class Compute(FrozenModel):
    """What finished stages and evaluations took, each counted once."""

    stages: int
    evaluations: int
    device_seconds: float = Field(ge=0, description="Seconds of each, times the devices that it ran on.")
    tokens: int = Field(description="Tokens trained on, padding left out.")
    flops: float | None = Field(None, description="Estimated operations of training and scoring.")
    devices: tuple[str, ...] = Field((), description="The kinds of hardware.")


def target_name(target: str, shots: Shots | None) -> str:
    """Return what the sequences of a table end with: the target, or the target and a few-shot stage."""
    return target if shots is None else f"{target} → {shots} (not zero-shot)"


def stage_settings(
    resolved: ResolvedPlan, manifests: Iterable[StageManifest | EvaluationManifest]
) -> tuple[StageSettings, ...]:
    """Return the settings of each kind of stage of a plan, from the manifests of those that are finished."""
    finished = {manifest.digest: manifest for manifest in manifests if isinstance(manifest, StageManifest)}
    kinds: dict[str, list[Stage]] = {}
    for stage in (stage for stage in resolved.plan.stages if stage.is_trained):
        name = shown_name(resolved.plan.loaded, stage.task)
        kinds.setdefault(target_name(name, stage.shots), []).append(stage)
    return tuple(_settings(resolved, name, stages, finished) for name, stages in kinds.items())


def _settings(
    resolved: ResolvedPlan, name: str, stages: Sequence[Stage], finished: dict[str, StageManifest]
) -> StageSettings:
    found = [finished[d] for stage in stages if (d := resolved.digests[stage]) in finished]
    made = found[0] if found else None
    content = resolved.content(stages[0])
    if made is None:
        return StageSettings(
            stage=name,
            hyperparameters=content.settings,
            samples=resolved.samples(stages[0]),
            members=tuple(_planned(resolved, stages[0])),
            from_manifests=False,
        )
    skipped = tuple(one.result.skipped_steps for one in found)
    return StageSettings(
        stage=name,
        hyperparameters=made.hyperparameters,
        steps=made.result.steps,
        samples=made.result.samples,
        members=tuple(
            UsedRows(
                # A stage of the same rows and settings was perhaps trained under another task's name.
                name=planned.name,
                rows=member.data.rows,
                dropped=member.data.dropped,
                used=member.rows,
                max_length=planned.settings.max_length,
            )
            for planned, member in zip(content.members, made.result.members, strict=True)
        ),
        early_stops=tuple(one.result.early_stop for one in found if one.result.early_stop is not None),
        skipped_steps=skipped if any(skipped) else (),
        nondeterministic=sum(not one.result.deterministic for one in found),
        from_manifests=True,
    )


def _planned(resolved: ResolvedPlan, stage: Stage) -> Iterator[UsedRows]:
    for member in resolved.content(stage).members:
        rows = resolved.training[member.name]
        available = len(rows.dataset)
        yield UsedRows(
            name=member.name,
            rows=available,
            dropped=len(rows.dropped),
            used=min(available, member.settings.train_rows or available),
            max_length=member.settings.max_length,
        )


def scoring(resolved: ResolvedPlan) -> tuple[Scoring, ...]:
    """Return how each target of a plan is scored."""
    spec = resolved.plan.loaded.spec
    limit = spec.evaluation.limit
    return tuple(
        Scoring(
            target=target,
            precision=evaluation_precision(resolved.plan, target),
            items={
                leaf.name: min(len(resolved.evaluation[leaf.name].dataset), limit or 10**12)
                for leaf in resolved.plan.loaded.evaluations[target]
            },
            trained=target not in resolved.plan.loaded.untrained,
        )
        for target in spec.targets
    )


def compute(
    manifests: Sequence[StageManifest | EvaluationManifest], flops: float | None = None
) -> Compute | None:
    """Add up what finished stages and evaluations took; None where there are none."""
    stages = [manifest for manifest in manifests if isinstance(manifest, StageManifest)]
    evaluations = [manifest for manifest in manifests if isinstance(manifest, EvaluationManifest)]
    if not stages:
        return None
    trained = sum(stage.result.seconds * stage.result.world_size for stage in stages)
    return Compute(
        stages=len(stages),
        evaluations=len(evaluations),
        device_seconds=round(trained + sum(one.result.seconds for one in evaluations), 1),
        tokens=sum(stage.result.tokens for stage in stages),
        flops=flops,
        devices=tuple(dict.fromkeys(stage.result.hardware for stage in stages)),
    )

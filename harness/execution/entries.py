"""From a stage of a resolved plan to its job, and from the job's result to its manifest."""

from datetime import UTC, datetime
from pathlib import Path

from harness.data.record import DataRecord
from harness.evaluation.job import EvaluationJob, EvaluationManifest, EvaluationResult
from harness.execution.resolution import Resolution, evaluation_precision
from harness.kinds.registry import kind_of
from harness.models.references import ModelRef
from harness.plan.stage import Stage
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.forgetting_job import EvaluatedHead, ForgettingJob, ForgettingResult
from harness.training.job import Member, StageJob, StageResult
from harness.training.manifest import STAGES, ForgettingManifest, StageManifest


def stage_job(resolution: Resolution, store: Store, stage: Stage) -> StageJob:
    """Return what a worker needs to train a stage whose dependencies are finished."""
    loaded, content = resolution.plan.loaded, resolution.content(stage)
    return StageJob(
        digest=resolution.digests[stage],
        name=stage.task,
        model=_encoder(resolution, store, stage.parent) if stage.parent else resolution.model.ref,
        members=_members(resolution, store, stage),
        sampling=content.sampling,
        hyperparameters=content.settings,
        seed=stage.training_seed,
        deepspeed=loaded.deepspeed.config,
        data_dir=resolution.data_dir,
        workdir=store.workdir(resolution.digests[stage]),
    )


def _members(resolution: Resolution, store: Store, stage: Stage) -> tuple[Member, ...]:
    heads = resolution.reused_heads(stage)
    return tuple(
        Member(
            name=member.name,
            task=member.task,
            hyperparameters=member.settings,
            data_revision=resolution.training[member.name].revision,
            data_fingerprint=resolution.training[member.name].fingerprint,
            dropped_rows=resolution.training[member.name].dropped,
            head=_model_folder(resolution, store, heads[member.name].stage, heads[member.name].member)
            if member.name in heads
            else None,
        )
        for member in resolution.content(stage).members
    )


def _encoder(resolution: Resolution, store: Store, stage: Stage) -> ModelRef:
    """Return the encoder that a finished stage passes on."""
    return resolution.model.ref.beside(store.path(STAGES, resolution.digests[stage]) / "encoder")


def _model_folder(resolution: Resolution, store: Store, stage: Stage, member: int = 0) -> Path:
    """Return the folder in which a finished stage keeps its encoder with the head of a member."""
    digest = resolution.digests[stage]
    manifest = store.get(STAGES, digest)
    assert manifest is not None, "a step begins when its dependencies are finished"
    return store.path(STAGES, digest) / manifest.result.members[member].folder


def stage_manifest(resolution: Resolution, stage: Stage, job: StageJob, result: StageResult) -> StageManifest:
    """Return the manifest of a trained stage; the store adds the files' checksums."""
    loaded = resolution.plan.loaded
    return StageManifest(
        digest=job.digest,
        environment=environment(),
        finished=_now(),
        parent=resolution.digests[stage.parent] if stage.parent else None,
        model=loaded.spec.model,
        model_fingerprint=resolution.model.fingerprint,
        trust_remote_code=job.model.trust_remote_code,
        path=stage.path,
        hyperparameters=job.hyperparameters,
        sampling=job.sampling,
        seed=stage.training_seed,
        deepspeed=loaded.deepspeed.name,
        deepspeed_config=job.deepspeed,
        result=result,
    )


def evaluation_job(resolution: Resolution, store: Store, stage: Stage) -> EvaluationJob:
    """Return what a worker needs to score a finished target stage."""
    spec = resolution.plan.loaded.spec
    return EvaluationJob(
        checkpoint=resolution.model.ref.beside(_model_folder(resolution, store, stage)),
        tasks=tuple(task.name for task in resolution.leaves(stage)),
        split=spec.evaluation.split,
        limit=spec.evaluation.limit,
        batch_size=spec.evaluation.batch_size,
        precision=evaluation_precision(resolution.plan, stage.task),
        data_dir=resolution.data_dir,
        task_folders=resolution.plan.loaded.task_folders,
        output=store.workdir(resolution.evaluation_digests[stage]),
    )


def evaluation_manifest(
    resolution: Resolution, stage: Stage, job: EvaluationJob, result: EvaluationResult
) -> EvaluationManifest:
    """Return the manifest of an evaluation; the store adds the files' checksums."""
    return EvaluationManifest(
        digest=resolution.evaluation_digests[stage],
        environment=environment(),
        finished=_now(),
        stage=resolution.digests[stage],
        split=job.split,
        limit=job.limit,
        precision=job.precision,
        batch_size=job.batch_size,
        data={task: DataRecord.of(resolution.evaluation[task]) for task in job.tasks},
        result=result,
    )


def forgetting_job(resolution: Resolution, store: Store, stage: Stage) -> ForgettingJob:
    """Return what a worker needs for the forgetting evaluation of a finished stage."""
    loaded, spec = resolution.plan.loaded, resolution.plan.loaded.spec
    heads = []
    for place, before in enumerate(stage.lineage(), 1):
        if before.task not in resolution.held_out:
            continue
        task, settings = loaded.tasks[before.task], spec.hyperparameters(before.task)
        task = kind_of(task).with_labels(task, resolution.training[before.task].labels)
        heads.append(
            EvaluatedHead(
                place=place,
                task=task,
                model=_model_folder(resolution, store, before),
                max_length=settings.max_length,
                batch_size=settings.batch_size,
            )
        )
    return ForgettingJob(
        encoder=_encoder(resolution, store, stage),
        heads=tuple(heads),
        data_dir=resolution.data_dir,
        output=store.workdir(resolution.forgetting_digests[stage]),
    )


def forgetting_manifest(resolution: Resolution, stage: Stage, result: ForgettingResult) -> ForgettingManifest:
    """Return the manifest of a forgetting evaluation."""
    return ForgettingManifest(
        digest=resolution.forgetting_digests[stage],
        environment=environment(),
        finished=_now(),
        stage=resolution.digests[stage],
        result=result,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

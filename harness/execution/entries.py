"""From a stage of a resolved plan to its job, and from the job's result to its manifest."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from harness.data.evaluation_rows import EvaluationRows
from harness.data.rows import TrainingRows
from harness.evaluation.job import EvaluationJob, EvaluationResult
from harness.evaluation.manifest import EvaluationManifest
from harness.execution.resolution import Resolution, evaluation_precision
from harness.kinds.registry import kind_of
from harness.models.references import ensure_folder
from harness.plan.stage import Stage
from harness.store.layout import FORMAT
from harness.store.manifest import STAGES, DataRecord, RetentionManifest, StageManifest
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.checkpoint_folders import CLASSIFIER, TEXT_TO_TEXT
from harness.training.job import EarlierHead, MixtureJob, MixtureMember, StageJob, StageResult
from harness.training.retention_job import KeptHead, RetentionJob, RetentionResult


def stage_job(resolution: Resolution, store: Store, stage: Stage) -> StageJob | MixtureJob:
    """Return what a worker needs to train a stage whose parent is finished."""
    loaded, spec = resolution.plan.loaded, resolution.plan.loaded.spec
    content = resolution.content(stage)
    if stage.parent is None:
        encoder = ensure_folder(resolution.model, spec.trust_remote_code)
    else:
        encoder = store.path(STAGES, resolution.digests[stage.parent]) / "encoder"
    common: dict[str, Any] = {
        "digest": resolution.digests[stage],
        "encoder": encoder,
        "hyperparameters": content.settings,
        "seed": stage.seed,
        "deepspeed": loaded.deepspeed.config,
        "data_dir": resolution.data_dir,
        "trust_remote_code": spec.trust_remote_code,
        "workdir": store.workdir(resolution.digests[stage]),
    }
    members = _members(resolution, store, stage)
    if content.mixture is not None:
        return MixtureJob(name=stage.task, members=members, sampling=content.mixture.sampling, **common)
    (only,) = members
    return StageJob(**only.model_dump(exclude={"name", "task", "hyperparameters"}), task=only.task, **common)


def _members(resolution: Resolution, store: Store, stage: Stage) -> tuple[MixtureMember, ...]:
    content, kept = resolution.content(stage), resolution.kept_heads(stage)
    heads = {
        name: EarlierHead(folder=store.path(STAGES, resolution.digests[head.stage]), task=head.task)
        for name, head in kept.items()
    }
    return tuple(
        MixtureMember(
            name=name,
            task=task,
            hyperparameters=content.own[name],
            data_revision=resolution.training[name].revision,
            data_fingerprint=resolution.training[name].fingerprint,
            dropped_rows=resolution.training[name].dropped,
            head=heads.get(name),
        )
        for name, task in content.tasks.items()
    )


def stage_manifest(
    resolution: Resolution, stage: Stage, job: StageJob | MixtureJob, result: StageResult
) -> StageManifest:
    """Return the manifest of a trained stage; the store adds the files' checksums."""
    loaded = resolution.plan.loaded
    rows = [resolution.training[name] for name in resolution.content(stage).tasks]
    return StageManifest(
        format=FORMAT,
        digest=job.digest,
        environment=environment(),
        finished=_now(),
        files={},
        parent=resolution.digests[stage.parent] if stage.parent else None,
        model=loaded.spec.model,
        model_fingerprint=resolution.model.fingerprint,
        trust_remote_code=job.trust_remote_code,
        path=stage.path,
        task=stage.path[-1],
        labels=() if isinstance(job, MixtureJob) else rows[0].labels,
        hyperparameters=job.hyperparameters,
        seed=stage.seed,
        data=data_record(rows[0]) if len(rows) == 1 else _together(rows, result),
        sampling=job.sampling if isinstance(job, MixtureJob) else None,
        deepspeed=loaded.deepspeed.name,
        deepspeed_config=job.deepspeed,
        result=result,
    )


def _together(rows: Sequence[TrainingRows], result: StageResult) -> DataRecord:
    return DataRecord(
        source=result.data_source,
        revision=result.data_revision,
        fingerprint=result.data_fingerprint,
        rows=sum(len(part.dataset) for part in rows),
        dropped=sum(len(part.dropped) for part in rows),
    )


def evaluation_job(resolution: Resolution, store: Store, stage: Stage) -> EvaluationJob:
    """Return what a worker needs to score a finished target stage."""
    spec = resolution.plan.loaded.spec
    folder = TEXT_TO_TEXT if resolution.model.is_text_to_text else CLASSIFIER
    return EvaluationJob(
        checkpoint=store.path(STAGES, resolution.digests[stage]) / folder,
        tasks=tuple(task.name for task in resolution.leaves(stage)),
        split=spec.evaluation.split,
        limit=spec.evaluation.limit,
        batch_size=spec.evaluation.batch_size,
        precision=evaluation_precision(resolution.plan, stage.task),
        data_dir=resolution.data_dir,
        trust_remote_code=spec.trust_remote_code,
        output=store.workdir(resolution.evaluation_digests[stage]),
    )


def evaluation_manifest(
    resolution: Resolution, stage: Stage, job: EvaluationJob, result: EvaluationResult
) -> EvaluationManifest:
    """Return the manifest of an evaluation; the store adds the files' checksums."""
    return EvaluationManifest(
        format=FORMAT,
        digest=resolution.evaluation_digests[stage],
        environment=environment(),
        finished=_now(),
        files={},
        stage=resolution.digests[stage],
        split=job.split,
        limit=job.limit,
        precision=job.precision,
        batch_size=job.batch_size,
        data={task: data_record(resolution.evaluation[task]) for task in job.tasks},
        result=result,
    )


def retention_job(resolution: Resolution, store: Store, stage: Stage) -> RetentionJob:
    """Return what a worker needs to measure what a finished stage kept of the tasks up to it."""
    loaded, spec = resolution.plan.loaded, resolution.plan.loaded.spec
    heads = []
    for place, before in enumerate(stage.line(), 1):
        if before.task not in resolution.held_out:
            continue
        task, settings = loaded.tasks[before.task], spec.hyperparameters(before.task)
        task = kind_of(task).with_labels(task, resolution.training[before.task].labels)
        heads.append(
            KeptHead(
                place=place,
                task=task,
                stage=store.path(STAGES, resolution.digests[before]),
                max_length=settings.max_length,
                batch_size=settings.batch_size,
            )
        )
    return RetentionJob(
        encoder=store.path(STAGES, resolution.digests[stage]) / "encoder",
        heads=tuple(heads),
        data_dir=resolution.data_dir,
        trust_remote_code=spec.trust_remote_code,
        output=store.workdir(resolution.retention_digests[stage]),
    )


def retention_manifest(resolution: Resolution, stage: Stage, result: RetentionResult) -> RetentionManifest:
    """Return the manifest of what a stage kept."""
    return RetentionManifest(
        format=FORMAT,
        digest=resolution.retention_digests[stage],
        environment=environment(),
        finished=_now(),
        files={},
        stage=resolution.digests[stage],
        result=result,
    )


def data_record(rows: TrainingRows | EvaluationRows) -> DataRecord:
    """Return which rows were used."""
    record = DataRecord(
        source=rows.source, revision=rows.revision, fingerprint=rows.fingerprint, rows=len(rows.dataset)
    )
    if not isinstance(rows, TrainingRows):
        return record
    dropped = {"dropped": len(rows.dropped), "whole_fingerprint": rows.whole_fingerprint}
    return record.model_copy(update=dropped)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

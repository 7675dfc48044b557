"""From the store to a leaderboard: the rows of a plan as far as they are there."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.evaluation.manifest import EVALUATIONS, EvaluationManifest
from harness.execution.entries import data_record
from harness.execution.options import RunOptions
from harness.execution.resolution import Resolution
from harness.leaderboard.board import (
    Board,
    BoardRow,
    DataUse,
    EvaluatedLanguage,
    Provenance,
    SeedResult,
    SharedRows,
)
from harness.plan.stage import Stage
from harness.plan.tree import Sequence as PlannedSequence
from harness.resources import shipped
from harness.store.integrity import DamagedEntryError
from harness.store.manifest import STAGES, StageManifest
from harness.store.provenance import Environment
from harness.store.store import Store

# A loss that ends at 1.5 times its start and half a nat above it has diverged; noise does less.
_RISEN, _RISEN_BY = 1.5, 0.5


def make_board(
    resolution: Resolution, store: Store, options: RunOptions, failures: Mapping[Stage, str]
) -> Board:
    """Return the leaderboard of a plan; what is not in the store is a failed row with the reason."""
    loaded = resolution.plan.loaded
    spec = loaded.spec
    results = {
        sequence: _seed_result(resolution, store, sequence, failures)
        for sequence in resolution.plan.sequences
    }
    rows = tuple(
        BoardRow(
            order=order,
            target=target,
            seeds=tuple(
                results[PlannedSequence(order, target, seed)] for seed in _seeds(resolution.plan.sequences)
            ),
        )
        for target in spec.targets
        for order in resolution.plan.orders
    )
    languages = {
        target: tuple(
            EvaluatedLanguage(task=task.name, language=task.language, corpus=task.corpus)
            for task in loaded.evaluations[target]
        )
        for target in spec.targets
    }
    return Board(
        name=spec.name,
        title=spec.title or spec.name,
        question=spec.question,
        rows=rows,
        languages=languages,
        seeds=_seeds(resolution.plan.sequences),
        data=_data(resolution),
        overlap=_overlap(resolution),
        provenance=_provenance(resolution, store, options),
    )


def predictions(resolution: Resolution, store: Store) -> dict[str, Path]:
    """Return the per-item predictions of every finished evaluation of a plan, by its digest."""
    found = {
        digest: store.path(EVALUATIONS, digest) / "predictions.parquet"
        for digest in resolution.evaluation_digests.values()
    }
    return {digest: path for digest, path in found.items() if path.exists()}


def _seeds(sequences: Sequence[PlannedSequence]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(sequence.seed for sequence in sequences))


def _seed_result(
    resolution: Resolution, store: Store, sequence: PlannedSequence, failures: Mapping[Stage, str]
) -> SeedResult:
    stage = sequence.target_stage
    digest, evaluation_digest = resolution.digests[stage], resolution.evaluation_digests[stage]
    try:
        evaluation = store.sound(EVALUATIONS, evaluation_digest)
    except DamagedEntryError as error:
        why = f"its evaluation is damaged in the store: {error.faults[0].problem}"
        return SeedResult(seed=sequence.seed, status="failed", error=why)
    if evaluation is None:
        why = failures.get(stage) or _recorded_failure(resolution, store, sequence) or "not run yet"
        return SeedResult(seed=sequence.seed, status="failed", error=why)
    trained = [_stage(store, resolution.digests[part]) for part in sequence.stages()]
    return SeedResult(
        seed=sequence.seed,
        status="ok",
        stage_digest=digest,
        evaluation_digest=evaluation_digest,
        scores={score.task: score.accuracy for score in evaluation.result.scores},
        items={score.task: score.items for score in evaluation.result.scores},
        train_seconds=sum(manifest.result.seconds for manifest in trained if manifest is not None),
        notes=tuple(note for manifest in trained if manifest is not None for note in _risen_loss(manifest)),
    )


def _stage(store: Store, digest: str) -> StageManifest | None:
    """Return what is known of a stage; one that is damaged is found out when it is used."""
    try:
        return store.get(STAGES, digest)
    except DamagedEntryError:
        return None


def _risen_loss(manifest: StageManifest) -> Iterator[str]:
    """Tell of a stage whose loss ended well above where it began, though it stayed a number."""
    first, last = manifest.result.loss_curve[0], manifest.result.loss_curve[-1]
    if last.loss > max(_RISEN * first.loss, first.loss + _RISEN_BY):
        yield (
            f"the loss of the stage {manifest.task} rose from {first.loss:.2f} at step {first.step} to "
            f"{last.loss:.2f} at step {last.step}"
        )


def _recorded_failure(resolution: Resolution, store: Store, sequence: PlannedSequence) -> str | None:
    """Return why the sequence failed when it was last tried, also in another run."""
    for stage in sequence.stages():
        error = store.failure(resolution.digests[stage])
        if error is not None:
            return error if stage == sequence.target_stage else f"left out: {stage} failed"
    return store.failure(resolution.evaluation_digests[sequence.target_stage])


def _data(resolution: Resolution) -> tuple[DataUse, ...]:
    uses = []
    for role, sets in (("training", resolution.training), ("evaluation", resolution.evaluation)):
        for name, rows in sets.items():
            record = data_record(rows)
            uses.append(DataUse.model_validate({"name": name, "role": role, **record.model_dump()}))
    return tuple(uses)


def _overlap(resolution: Resolution) -> tuple[SharedRows, ...]:
    return tuple(
        SharedRows(
            training=shared.training,
            evaluation=shared.evaluation.name,
            corpus=shared.evaluation.corpus,
            language=shared.evaluation.language,
            rows=shared.evaluation.rows,
            dropped=len(shared.training_rows),
            sentence_rows=shared.sentence_rows,
            similar_sentence_rows=shared.similar_sentence_rows,
        )
        for shared in resolution.leakage.shared
    )


def _provenance(resolution: Resolution, store: Store, options: RunOptions) -> Provenance:
    loaded = resolution.plan.loaded
    manifests: list[StageManifest | EvaluationManifest] = []
    for stage in resolution.plan.stages:
        trained = _stage(store, resolution.digests[stage])
        manifests += [trained] if trained else []
    for digest in resolution.evaluation_digests.values():
        with suppress(DamagedEntryError):
            evaluated = store.get(EVALUATIONS, digest)
            manifests += [evaluated] if evaluated else []
    environments = [manifest.environment for manifest in manifests]
    return Provenance(
        command=options.command(_shown(loaded.path)),
        sequence_file=_shown(loaded.path),
        sequence_sha256=hashlib.sha256(loaded.path.read_bytes()).hexdigest(),
        commit=_joined(environment.commit for environment in environments),
        dirty=any(environment.dirty for environment in environments),
        # The last entry's time, not now: publishing the same results again gives the same bytes.
        created=max((manifest.finished for manifest in manifests), default="1970-01-01T00:00:00+00:00"),
        packages=_packages(environments),
        hardware=_joined(environment.hardware for environment in environments) or "unknown",
        deepspeed=_joined(m.deepspeed for m in manifests if isinstance(m, StageManifest))
        or loaded.deepspeed.name,
        model=loaded.spec.model,
        model_revision=resolution.model.revision,
        model_fingerprint=resolution.model.fingerprint,
        split=loaded.spec.evaluation.split,
        limited=loaded.spec.evaluation.limit,
    )


def _packages(environments: Sequence[Environment]) -> dict[str, str]:
    names = dict.fromkeys(name for environment in environments for name in environment.packages)
    return {
        name: _joined(environment.packages.get(name) for environment in environments) or "unknown"
        for name in names
    }


def _joined(values: Iterable[str | None]) -> str | None:
    """Return the distinct values in order, since entries of several runs may differ."""
    return ", ".join(dict.fromkeys(value for value in values if value)) or None


def _shown(path: Path) -> str:
    """Return how a page names a sequence file: by its place in the checkout, or its name alone."""
    checkout = shipped("sequences").parent
    resolved = path.resolve()
    return resolved.relative_to(checkout).as_posix() if resolved.is_relative_to(checkout) else path.name

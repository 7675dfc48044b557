"""From stores to a leaderboard: the rows of a plan as far as they are there."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.config.load import LoadedSequence
from harness.evaluation.job import TaskScore
from harness.kinds.registry import kind_of
from harness.metrics.registry import metric
from harness.planning.content import few_shots, mixture_descriptions, shown_name
from harness.planning.stage import Shots, Stage
from harness.planning.tree import Sequence as PlannedSequence
from harness.resolved_plan import ResolvedPlan
from harness.results.board import (
    ARROW,
    AnalysisPlan,
    Board,
    BoardRow,
    EvaluatedLanguage,
    MachineRecord,
    SeedResult,
)
from harness.results.curves import stage_curves
from harness.results.finished import FinishedEntries
from harness.results.held_out import held_out_scores
from harness.results.kept_files import kept_files
from harness.results.made_of import data_uses, provenance, shared_rows
from harness.results.settings import compute, scoring, stage_settings, target_name
from harness.results.target_metric import TargetMetric
from harness.store.entry import Entry
from harness.store.provenance import Environment
from harness.training.manifest import StageManifest

# A loss that ends at 1.5 times its start and half a nat above it has diverged; noise does less.
_RISEN, _RISEN_BY = 1.5, 0.5


def make_board(
    resolved: ResolvedPlan,
    finished: FinishedEntries,
    failures: Mapping[Stage, str],
    *,
    name: str,
    command: str,
    note: str | None,
    trial: int | None = None,
    flops: float | None = None,
) -> Board:
    """Return the leaderboard of a plan; what is not finished says why it failed, or that it was not run.

    Args:
        resolved: The plan.
        finished: What stores hold of it.
        failures: Stages that failed -> why.
        name: Of the leaderboard.
        command: What repeats the run.
        note: A remark of whoever publishes it.
        trial: Rows of each task that the run was limited to.
        flops: Estimated operations of what is finished.
    """
    loaded = resolved.plan.loaded
    spec = loaded.spec
    machines = _machines(finished)
    targets = [(target, target_name(target, shots)) for target, shots in _targets(resolved)]
    return Board(
        name=name,
        title=spec.title or spec.name,
        question=spec.question,
        note=note,
        rows=_rows(resolved, finished, failures, machines),
        languages={shown: _languages(loaded, target) for target, shown in targets},
        seeds=_seeds(resolved),
        data=data_uses(resolved),
        overlap=shared_rows(resolved),
        mixtures=mixture_descriptions(loaded),
        provenance=provenance(resolved, finished, command, trial),
        analysis=_analysis(loaded),
        machines=machines,
        metrics={shown: _metrics(resolved, finished, target) for target, shown in targets},
        held_out_metrics=_held_out_metrics(resolved, finished),
        settings=stage_settings(resolved, finished.manifests()),
        scoring=scoring(resolved),
        compute=compute(tuple(finished.manifests()), flops),
        files=(kept_files(loaded, _deepspeed(finished)),),
        not_measured=resolved.not_measured,
        curves=stage_curves(resolved, finished),
        held_out=held_out_scores(resolved, finished),
    )


def _deepspeed(finished: FinishedEntries) -> dict[str, Any] | None:
    stages = (manifest for manifest in finished.manifests() if isinstance(manifest, StageManifest))
    return next((stage.deepspeed_config for stage in stages), None)


def _languages(loaded: LoadedSequence, target: str) -> tuple[EvaluatedLanguage, ...]:
    return tuple(
        EvaluatedLanguage(
            task=task.name,
            language=task.language,
            corpus=task.corpus.name,
            title=task.corpus.title,
        )
        for task in loaded.evaluations[target]
    )


def _analysis(loaded: LoadedSequence) -> AnalysisPlan:
    spec = loaded.spec
    return AnalysisPlan(
        share=spec.share,
        contrasts=spec.contrasts,
        equivalence_margin=spec.equivalence_margin,
        planned_seeds=loaded.planned_seeds,
    )


def _seeds(resolved: ResolvedPlan) -> tuple[int, ...]:
    return tuple(dict.fromkeys(sequence.seed for sequence in resolved.plan.sequences))


def _targets(resolved: ResolvedPlan) -> list[tuple[str, Shots | None]]:
    spec = resolved.plan.loaded.spec
    return [(target, shots) for target in spec.targets for shots in (None, *few_shots(spec))]


def _rows(
    resolved: ResolvedPlan,
    finished: FinishedEntries,
    failures: Mapping[Stage, str],
    machines: Sequence[MachineRecord],
) -> tuple[BoardRow, ...]:
    results = {
        (sequence.order, sequence.target, sequence.seed, sequence.shots): _seed_result(
            resolved, finished, sequence, failures, machines
        )
        for sequence in resolved.plan.sequences
    }
    loaded, seeds = resolved.plan.loaded, _seeds(resolved)
    return tuple(
        BoardRow(
            order=tuple(shown_name(loaded, name) for name in order),
            target=target_name(target, shots),
            seeds=tuple(results[order, target, seed, shots] for seed in seeds),
        )
        for target, shots in _targets(resolved)
        for order in resolved.plan.orders
    )


def planned_rows(resolved: ResolvedPlan) -> dict[tuple[str, int], str]:
    """Return what the leaderboard of a plan will hold: shown sequence and seed -> digest of the target."""
    loaded = resolved.plan.loaded
    found = {}
    for sequence in resolved.plan.sequences:
        order = (shown_name(loaded, name) for name in sequence.order)
        shown = ARROW.join((*order, target_name(sequence.target, sequence.shots)))
        found[shown, sequence.seed] = resolved.digests[sequence.target_stage]
    return found


def _machines(finished: FinishedEntries) -> tuple[MachineRecord, ...]:
    """Return the different machines that made a plan's entries; none where it is one."""
    found: list[MachineRecord] = []
    for manifest in finished.manifests():
        machine = _machine(manifest.environment)
        if machine not in found:
            found.append(machine)
    return tuple(found) if len(found) > 1 else ()


def _machine(environment: Environment) -> MachineRecord:
    return MachineRecord(
        hardware=environment.hardware,
        packages=environment.packages,
        commit=environment.commit,
        dirty=environment.dirty,
    )


def _seed_result(
    resolved: ResolvedPlan,
    finished: FinishedEntries,
    sequence: PlannedSequence,
    failures: Mapping[Stage, str],
    machines: Sequence[MachineRecord],
) -> SeedResult:
    stage = sequence.target_stage
    evaluation = finished.evaluation(stage)
    config_hash = tuple(resolved.config_hash(part) for part in sequence.stages() if part.is_trained)
    if evaluation is None:
        why = failures.get(stage) or finished.failure(sequence)
        return SeedResult(
            seed=sequence.seed, status="failed" if why else "not run", error=why, config_hash=config_hash
        )
    chain = finished.chain(stage)
    scores = evaluation.manifest.result.scores
    environments = [*(entry.manifest.environment for entry in chain), evaluation.manifest.environment]
    return SeedResult(
        seed=sequence.seed,
        status="ok",
        stage_digest=resolved.digests[stage],
        evaluation_digest=evaluation.manifest.digest,
        scores={score.task: score.score for score in scores},
        secondary=_secondary(scores),
        items={score.task: score.items for score in scores},
        train_seconds=sum(entry.manifest.result.seconds for entry in chain),
        notes=tuple(note for entry in chain for note in _risen_loss(entry.manifest)),
        weights=_weights(chain, resolved.digests[stage]),
        config_hash=config_hash,
        manifests={**{entry.key: entry.sha256 for entry in chain}, evaluation.key: evaluation.sha256},
        machines=tuple(dict.fromkeys(machines.index(_machine(environment)) for environment in environments))
        if machines
        else (),
        forgetting=_forgetting(finished, stage),
    )


def _forgetting(finished: FinishedEntries, target: Stage) -> tuple[tuple[float | None, ...], ...]:
    """Return the held-out metric of each task after each stage; nothing where a stage was not measured."""
    after = []
    for last, stage in enumerate(target.lineage(), 1):
        result = finished.forgetting(stage)
        # A stage none of whose tasks so far has held-out rows has nothing to be measured.
        scores = {score.place: score.value for score in result.scores} if result else {}
        after.append(tuple(scores.get(place) for place in range(1, last + 1)))
    return tuple(after) if any(value is not None for value in after[-1]) else ()


def _metrics(resolved: ResolvedPlan, finished: FinishedEntries, target: str) -> tuple[TargetMetric, ...]:
    """Return what a target's evaluations are scored by; what its kind says as long as none is finished."""
    stages = (sequence.target_stage for sequence in resolved.plan.sequences if sequence.target == target)
    evaluations = (finished.evaluation(stage) for stage in stages)
    scores = next((found.manifest.result.scores for found in evaluations if found is not None), ())
    task = resolved.plan.loaded.tasks[target]
    metrics = map(metric, scores[0].scores) if scores else kind_of(task).metrics(task)
    return tuple(map(TargetMetric.of, metrics))


def _secondary(scores: Sequence[TaskScore]) -> dict[str, dict[str, float]]:
    """Return other metric -> task -> score."""
    found: dict[str, dict[str, float]] = {}
    for score in scores:
        for name, value in score.scores.items():
            if name != score.metric:
                found.setdefault(name, {})[score.task] = value
    return found


def _held_out_metrics(resolved: ResolvedPlan, finished: FinishedEntries) -> dict[str, TargetMetric]:
    results = (finished.forgetting(stage) for stage in resolved.forgetting_digests)
    names = {score.task: score.metric for result in results if result for score in result.scores}
    return {task: TargetMetric.of(metric(name)) for task, name in names.items()}


def _weights(chain: Sequence[Entry[StageManifest]], digest: str) -> str | None:
    return next((weights_digest(entry.manifest) for entry in chain if entry.manifest.digest == digest), None)


def weights_digest(manifest: StageManifest) -> str:
    """Return the sha256 over names and checksums of a stage's weight files."""
    files = sorted(
        f"{name} {record.sha256}\n"
        for name, record in manifest.files.items()
        if name.endswith(".safetensors")
    )
    return hashlib.sha256("".join(files).encode()).hexdigest()


def _risen_loss(manifest: StageManifest) -> Iterator[str]:
    """Tell of a stage whose loss ended well above where it began, though it stayed a number."""
    first, last = manifest.result.loss_curve[0], manifest.result.loss_curve[-1]
    if last.loss > max(_RISEN * first.loss, first.loss + _RISEN_BY):
        yield (
            f"the loss of the stage {manifest.task} rose from {first.loss:.2f} at step {first.step} to "
            f"{last.loss:.2f} at step {last.step}"
        )

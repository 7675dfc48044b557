"""Train a published row again in a fresh store, and say what is not the same: weights and every answer."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from harness.config.load import LoadedSequence
from harness.errors import RunError, UserError
from harness.evaluation.job import EVALUATIONS, PREDICTIONS
from harness.evaluation.logprobs import LOGPROBS
from harness.execution.options import RunOptions
from harness.execution.run import carry_out
from harness.metrics.item_file import read_items
from harness.named_path import is_file
from harness.planning.tree import Plan
from harness.reproduction.published_row import PublishedRow
from harness.reproduction.weights import weights_difference
from harness.resolved_plan import ResolvedPlan, resolve
from harness.results.board import MachineRecord
from harness.results.collect import weights_digest
from harness.store.entry import Entry
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.manifest import STAGES, StageManifest


class NotTheSameExperimentError(UserError):
    """File, data or options no longer describe the row that was published."""

    page = "how-to/reproduce-a-row.md"


class NotReproducedError(RunError):
    """The row could not be trained again."""


@dataclass
class Reproduction:
    """What came of training a row again.

    Attributes:
        same: What was found to be equal, one sentence each.
        differences: What was not; none means that the row was reproduced exactly.
        unknown: What could not be compared.
        machines: How this machine differs from the one that made the row.
    """

    same: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)


def reproduce(
    row: PublishedRow,
    loaded: LoadedSequence,
    options: RunOptions,
    original: Store | None,
    console: Console,
) -> Reproduction:
    """Train a row with its whole chain of stages in `options.store`, which should be empty, and compare.

    Args:
        row: What was published.
        loaded: Its sequence file.
        options: Those of the published run, with a fresh store.
        original: The store of the published run, where it is available: weights are then compared tensor by
            tensor, otherwise by the published checksum of the last stage's.
        console: Shows the progress.

    Raises:
        NotTheSameExperimentError: The file, data or options give other digests than the published.
        NotReproducedError: A stage or the evaluation failed.
    """
    loaded = replace(options, seeds=(row.result.seed,)).apply(loaded)
    resolved = _restricted(resolve(Plan.of(loaded), options.data_dir), row)
    fresh = Store(options.store)
    outcome, logs = carry_out(resolved, fresh, options, console)
    if outcome.failures:
        failed = "; ".join(f"{stage}: {reason}" for stage, reason in outcome.failures.items())
        raise NotReproducedError(f"{row.name}: {failed} (logs: {logs}, kept where --into names a folder)")
    found = Reproduction(machines=list(_machine_differences(row)))
    _compare_weights(found, row, resolved, fresh, original)
    _compare_answers(found, row, fresh, original)
    return found


def _restricted(resolved: ResolvedPlan, row: PublishedRow) -> ResolvedPlan:
    """Keep the published sequence of a plan that is resolved as a whole: leaked rows depend on all of it."""
    published = (row.result.stage_digest, row.result.evaluation_digest)
    for sequence in resolved.plan.sequences:
        target = sequence.target_stage
        evaluation = resolved.evaluation_digests[target]
        if (resolved.digests[target], evaluation) == published:
            return replace(
                resolved,
                plan=Plan(resolved.plan.loaded, (sequence.order,), (sequence,), sequence.stages()),
                evaluation_digests={target: evaluation},
                forgetting_digests={},
            )
    raise NotTheSameExperimentError(_other_experiment(row, resolved.plan.loaded.path))


def _other_experiment(row: PublishedRow, path: Path) -> str:
    made = row.provenance
    now = hashlib.sha256(path.read_bytes()).hexdigest()
    changed = f" {path} itself was changed since, or is another file." if now != made.sequence_sha256 else ""
    return (
        f"{row.name}: no sequence of {path} has the digests of the leaderboard (stage "
        f"{row.result.stage_digest}, evaluation {row.result.evaluation_digest}), so model, data, settings or "
        f"xstilts are not those of the published run.{changed} It was made by `{made.command}`, commit "
        f"{made.commit or 'unknown'}; the page lists the fingerprints of its data."
    )


def _compare_weights(
    found: Reproduction, row: PublishedRow, resolved: ResolvedPlan, fresh: Store, original: Store | None
) -> None:
    stages = [stage for stage in resolved.plan.sequences[0].stages() if stage.is_trained]
    pairs: list[tuple[str, Entry[StageManifest], Entry[StageManifest] | None]] = []
    for stage in stages:
        own = fresh.entry(STAGES, resolved.digests[stage])
        assert own is not None, "a run without failures leaves every stage"
        other = original.entry(STAGES, resolved.digests[stage]) if original is not None else None
        pairs.append((str(stage), own, other))
    for name, own, other in pairs:
        if other is None:
            continue
        if difference := weights_difference(other, own):
            found.differences.append(f"weights of {name}: {difference.words}")
        else:
            found.same.append(f"weights of {name}: bit-identical")
    if not pairs or pairs[-1][2] is not None:
        return
    if row.result.weights is None:
        found.unknown.append(
            "weights: neither the store of the published run nor a published checksum to compare them with"
        )
    elif row.result.weights == weights_digest(pairs[-1][1].manifest):
        found.same.append(f"weights of {pairs[-1][0]}: bit-identical to the published checksum")
    else:
        found.differences.append(
            f"weights of {pairs[-1][0]}: not those of the published checksum; by how much, the store of the "
            "published run would tell (--store)"
        )


def _compare_answers(found: Reproduction, row: PublishedRow, fresh: Store, original: Store | None) -> None:
    digest = row.result.evaluation_digest or ""
    again = read_items(fresh.path(EVALUATIONS, digest) / PREDICTIONS)
    factor = row.board.metrics[row.row.target][0].scale.factor
    for task, published in row.answers.items():
        scores = " and ".join(
            f"{published.metric} {answers.score * factor:.2f} {when}"
            for answers, when in ((published, "published"), (again[task], "again"))
        )
        difference = published.difference(again[task])
        if difference:
            found.differences.append(f"{task}: {difference}; {scores}")
        else:
            found.same.append(f"{task}: the same {len(published)} answers, {scores}")
    if original is None or original.entry(EVALUATIONS, digest) is None:
        return
    files = [store.path(EVALUATIONS, digest) / LOGPROBS for store in (original, fresh)]
    if not all(is_file(file) for file in files):
        return  # a kind that answers in texts
    largest = _logprob_difference(*files)
    text = f"log-probabilities: largest difference {largest:.3g}"
    (found.differences if largest > 0 else found.same).append(text)


def _logprob_difference(first: Path, second: Path) -> float:
    """Return the largest difference of a log-probability between two evaluations of the same items."""
    import numpy as np
    import pyarrow.parquet as pq

    columns = [pq.read_table(path, columns=["logprobs"])["logprobs"] for path in (first, second)]
    own, other = (np.concatenate([chunk.flatten().to_numpy() for chunk in c.chunks]) for c in columns)
    return float(np.abs(own - other).max()) if own.shape == other.shape else float("inf")


def _machine_differences(row: PublishedRow) -> Iterator[str]:
    here = environment()
    for machine in _machines(row):
        if machine.hardware != here.hardware:
            yield f"hardware: published on {machine.hardware}, here {here.hardware}"
        for name, version in machine.packages.items():
            if here.packages.get(name) != version:
                yield f"{name}: published with {version}, here {here.packages.get(name, 'none')}"


def _machines(row: PublishedRow) -> list[MachineRecord]:
    made = row.provenance
    alone = MachineRecord(
        hardware=made.hardware, packages=made.packages, commit=made.commit, dirty=made.dirty
    )
    return [row.board.machines[place] for place in row.result.machines] or [alone]

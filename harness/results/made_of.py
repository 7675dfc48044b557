"""What the results of a plan are made of: data sets, their overlap, software, hardware and model."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.config.corpus import CorpusFile
from harness.data.record import DataRecord
from harness.kinds.registry import TrainingTask
from harness.resolved_plan import ResolvedPlan
from harness.resources import shipped
from harness.results.board import Provenance
from harness.results.data_use import NOT_STATED, DataUse, SharedRows
from harness.results.finished import FinishedEntries
from harness.store.provenance import Environment
from harness.training.manifest import StageManifest


def data_uses(resolved: ResolvedPlan) -> tuple[DataUse, ...]:
    """Return the data sets of a plan, and exactly which version of each."""
    uses = []
    leaves = [leaf for leaves in resolved.plan.loaded.evaluations.values() for leaf in leaves]
    corpora = {leaf.name: leaf.corpus.definition for leaf in leaves}
    described: dict[str, TrainingTask | CorpusFile] = {**resolved.plan.tasks, **corpora}
    for role, sets in (("training", resolved.training), ("evaluation", resolved.evaluation)):
        for name, rows in sets.items():
            use = {"name": name, "role": role, **DataRecord.of(rows).model_dump()}
            use["title"] = described[name].title
            use["citation"] = described[name].citation or NOT_STATED
            use["license"] = described[name].license or NOT_STATED
            if role == "training":
                loaded = resolved.plan.loaded
                task, corpus = loaded.tasks.get(name), loaded.corpora.get(name)
                use["expected_rows"] = task.expected_rows if task else None
                use["development_rows"] = corpus.expected_rows("en", "validation") if corpus else None
            uses.append(DataUse.model_validate(use))
    return tuple(uses)


def shared_rows(resolved: ResolvedPlan) -> tuple[SharedRows, ...]:
    """Return what every pair of a training and an evaluation set has in common."""
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
        for shared in resolved.leakage.shared
    )


def provenance(
    resolved: ResolvedPlan, finished: FinishedEntries, command: str, trial: int | None
) -> Provenance:
    """Return how the entries of a plan were made; what differs between them is listed."""
    loaded = resolved.plan.loaded
    manifests = list(finished.manifests())
    environments = [manifest.environment for manifest in manifests]
    return Provenance(
        command=command,
        sequence_file=shown_path(loaded.path),
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
        model_revision=resolved.model.revision,
        model_fingerprint=resolved.model.fingerprint,
        model_description=resolved.model.description,
        split=loaded.spec.evaluation.split,
        splits=loaded.spec.evaluation.splits,
        limited=loaded.spec.evaluation.limit,
        trial=trial,
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


def shown_path(path: Path) -> str:
    """Return how a page names a sequence file: by its place in the checkout, or its name alone."""
    checkout = shipped("sequences").parent
    resolved = path.resolve()
    return resolved.relative_to(checkout).as_posix() if resolved.is_relative_to(checkout) else path.name

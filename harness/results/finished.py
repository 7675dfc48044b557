"""What stores hold of a plan: every manifest read once, an evaluation that two stores hold compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from harness.evaluation.job import EVALUATIONS, PREDICTIONS, EvaluationManifest
from harness.metrics.item_file import read_items
from harness.planning.stage import Stage
from harness.planning.tree import Sequence as PlannedSequence
from harness.resolved_plan import ResolvedPlan
from harness.results.combine import ConflictingEvaluationsError
from harness.store.entry import Entry
from harness.store.integrity import DamagedEntryError
from harness.store.manifest import EntryKind, M
from harness.store.store import Store
from harness.training.forgetting_job import ForgettingResult
from harness.training.manifest import FORGETTING, STAGES, StageManifest


class FinishedEntries:
    """The finished stages and evaluations of a plan in one store or several, the first that has one first."""

    def __init__(self, resolved: ResolvedPlan, stores: Sequence[Store]) -> None:
        """Read the manifests.

        Raises:
            ConflictingEvaluationsError: Two stores hold other results of the same evaluation.
        """
        self._resolved = resolved
        self._stores = stores
        self._damaged: dict[str, str] = {}
        self._stages = [self._read(store, STAGES, resolved.digests.values()) for store in stores]
        self._evaluations = [
            self._read(store, EVALUATIONS, resolved.evaluation_digests.values()) for store in stores
        ]
        self._forgetting = [
            self._read(store, FORGETTING, resolved.forgetting_digests.values()) for store in stores
        ]
        for number, found in enumerate(self._evaluations):
            for other in self._evaluations[:number]:
                for digest in found.keys() & other.keys():
                    _refuse_conflict(other[digest], found[digest])

    def _read(self, store: Store, kind: EntryKind[M], digests: Iterable[str]) -> dict[str, Entry[M]]:
        """Return the entries of a kind; those whose numbers are published are read to their last byte."""
        found: dict[str, Entry[M]] = {}
        for digest in dict.fromkeys(digests):
            try:
                entry = store.entry(kind, digest)
                if entry is not None and kind.folder == EVALUATIONS.folder:
                    store.verify(kind, digest)
            except DamagedEntryError as error:
                # A damaged stage is found out when it is used.
                self._damaged[digest] = error.faults[0].problem
            else:
                if entry is not None:
                    found[digest] = entry
        return found

    def failure(self, sequence: PlannedSequence) -> str | None:
        """Return why a sequence has no evaluation: damage, or what failed when it was last tried."""
        target = sequence.target_stage
        digest = self._resolved.evaluation_digests[target]
        if digest in self._damaged:
            return f"its evaluation is damaged in the store: {self._damaged[digest]}"
        for stage in target.lineage():
            error = self._recorded(self._resolved.digests[stage])
            if error is not None:
                return error if stage == target else f"left out: {stage} failed"
        return self._recorded(digest)

    def _recorded(self, digest: str) -> str | None:
        return next((error for store in self._stores if (error := store.failure(digest)) is not None), None)

    def evaluation(self, target: Stage) -> Entry[EvaluationManifest] | None:
        """Return the evaluation of a target stage."""
        return _first(self._evaluations, self._resolved.evaluation_digests[target])

    def chain(self, target: Stage) -> list[Entry[StageManifest]]:
        """Return the stages up to a target, first to last, from the store of its evaluation where it can."""
        digest = self._resolved.evaluation_digests[target]
        order = sorted(range(len(self._stages)), key=lambda number: digest not in self._evaluations[number])
        stores = [self._stages[number] for number in order]
        trained = [stage for stage in target.lineage() if stage.is_trained]
        found = (_first(stores, self._resolved.digests[stage]) for stage in trained)
        return [entry for entry in found if entry is not None]

    def forgetting(self, stage: Stage) -> ForgettingResult | None:
        """Return the forgetting evaluation of a stage, where there is one."""
        found = _first(self._forgetting, self._resolved.forgetting_digests.get(stage, ""))
        return found.manifest.result if found else None

    def manifests(self) -> Iterator[StageManifest | EvaluationManifest]:
        """Yield the manifests of what the plan's sequences are made of, each once, sequence by sequence."""
        seen: set[str] = set()
        for sequence in self._resolved.plan.sequences:
            evaluation = self.evaluation(sequence.target_stage)
            made: list[StageManifest | EvaluationManifest] = [
                entry.manifest for entry in self.chain(sequence.target_stage)
            ]
            made += [evaluation.manifest] if evaluation else []
            for manifest in made:
                # The same stage of two stores was made twice, at two times.
                identity = f"{manifest.digest} {manifest.finished}"
                if identity not in seen:
                    seen.add(identity)
                    yield manifest

    def predictions(self) -> dict[str, Path]:
        """Return the per-item predictions of every evaluation, by its digest."""
        entries = (_first(self._evaluations, digest) for digest in self._resolved.evaluation_digests.values())
        found = {entry.manifest.digest: entry.folder / PREDICTIONS for entry in entries if entry is not None}
        return {digest: path for digest, path in found.items() if path.exists()}


def _first(stores: Iterable[Mapping[str, Entry[M]]], digest: str) -> Entry[M] | None:
    return next((entries[digest] for entries in stores if digest in entries), None)


def _refuse_conflict(first: Entry[EvaluationManifest], second: Entry[EvaluationManifest]) -> None:
    scores = [
        {score.task: (score.score, score.items) for score in entry.manifest.result.scores}
        for entry in (first, second)
    ]
    for task, (score, items) in scores[0].items():
        other = scores[1].get(task)
        if other != (score, items):
            found = "no score" if other is None else f"{other[0]} on {other[1]} items"
            raise ConflictingEvaluationsError(
                str(first.folder), str(second.folder), f"{task}: {score} on {items} items against {found}"
            )
    if first.manifest.files.get(PREDICTIONS) == second.manifest.files.get(PREDICTIONS):
        return
    own, others = (read_items(entry.folder / PREDICTIONS) for entry in (first, second))
    for task, answers in own.items():
        if difference := answers.difference(others[task]):
            raise ConflictingEvaluationsError(str(first.folder), str(second.folder), f"{task}: {difference}")

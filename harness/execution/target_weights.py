"""When the weights of targets can go: once everything of a plan that reads them is in the store."""

from collections.abc import Iterator, Mapping

from harness.evaluation.job import EVALUATIONS
from harness.execution.entry_state import EntryStates
from harness.execution.planned_steps import PlannedStep
from harness.resolved_plan import ResolvedPlan
from harness.store.discard import discard_weights, discarded
from harness.store.store import Store
from harness.training.manifest import STAGES


class TargetWeights:
    """Discards the weights of a plan's targets after their last use."""

    def __init__(
        self, resolved: ResolvedPlan, store: Store, states: EntryStates, steps: Mapping[str, PlannedStep]
    ) -> None:
        """Find out what reads the weights of each target: its evaluation, forgetting, stages that follow."""
        self._store, self._states, self._steps = store, states, steps
        self._resolved = resolved
        self._readers: dict[str, list[str]] = {}
        for step in steps.values():
            for stage in step.dependencies:
                if stage.is_evaluated:
                    self._readers.setdefault(resolved.digests[stage], []).append(step.digest)

    def after(self, step: PlannedStep) -> None:
        """Discard what was needed for the last time by a step that is finished now."""
        for stage in step.dependencies:
            self._discard_if_read(self._resolved.digests[stage])

    def all(self) -> None:
        """Discard all that is needed no more."""
        for digest in self._readers:
            self._discard_if_read(digest)

    def _discard_if_read(self, digest: str) -> None:
        readers = self._readers.get(digest)
        if readers and all(map(self._states.is_finished, readers)) and self._states.has_weights(digest):
            discard_weights(self._store, STAGES, digest)
            self._states.note_discarded(digest)


def unneeded_weights(store: Store) -> Iterator[str]:
    """Yield the stages of a store that were evaluated, from which no other stage starts, with weights."""
    parents = {manifest.parent for manifest in store.all(STAGES)}
    gone = discarded(store)
    for stage in sorted({manifest.stage for manifest in store.all(EVALUATIONS)} - parents - gone):
        if store.path(STAGES, stage).is_dir():
            yield stage

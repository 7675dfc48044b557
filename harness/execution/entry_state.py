"""Which steps of a plan the store holds; damaged entries are quarantined and computed again."""

from collections.abc import Callable
from typing import Any

from harness.errors import RunError
from harness.execution.planned_steps import PlannedStep
from harness.execution.steps.base import ENTRY_KINDS
from harness.plan.stage import Stage
from harness.resolved_plan import ResolvedPlan
from harness.store.integrity import DamagedEntryError
from harness.store.manifest import EntryKind
from harness.store.store import Store

_MOST_DAMAGES = 2


class UnreliableDiskError(RunError):
    """An entry was damaged again soon after it had been recomputed."""


class EntryStates:
    """Looks at the entries of a plan before they are used."""

    def __init__(self, resolved: ResolvedPlan, store: Store, say: Callable[[str], None]) -> None:
        """Look at a plan's entries.

        Args:
            resolved: The plan.
            store: Where they lie.
            say: Is told of each damaged file and what becomes of its entry.
        """
        self._resolved = resolved
        self._store = store
        self._say = say
        self._damages: dict[str, int] = {}

    def is_finished(self, step: PlannedStep) -> bool:
        """Return whether a step's entry is there; its files are not read."""
        kind = ENTRY_KINDS[step.kind]
        try:
            return self._store.get(kind, step.digest) is not None
        except DamagedEntryError as error:
            self._quarantine(kind, step.digest, error)
            return False

    def is_valid(self, step: PlannedStep) -> bool:
        """Return whether a step's entry is there and every file of it as it was written.

        Raises:
            UnreliableDiskError: The entry was made again in this run already, and is damaged again.
        """
        kind = ENTRY_KINDS[step.kind]
        try:
            return self._store.verify(kind, step.digest) is not None
        except DamagedEntryError as error:
            self._quarantine(kind, step.digest, error)
            return False

    def needed_stages(self) -> set[Stage]:
        """Return the stages that must be made for the evaluations that aren't there yet.

        A finished stage needs nothing before it; a finished evaluation needs no stage. A forgetting
        evaluation needs all stages up to it, for their heads.
        """
        needed: set[Stage] = set()
        wanted = [
            stage
            for stage, digest in self._resolved.evaluation_digests.items()
            if not self.is_valid(PlannedStep("evaluate", stage, digest))
        ]
        for measured, digest in self._resolved.forgetting_digests.items():
            if not self.is_valid(PlannedStep("forgetting", measured, digest)):
                wanted += measured.lineage()
        while wanted:
            stage = wanted.pop()
            if not stage.is_trained:
                wanted += self._resolved.dependencies(stage)
            elif stage not in needed and not self._is_trained(stage):
                needed.add(stage)
                wanted += self._resolved.dependencies(stage)
        return needed

    def _is_trained(self, stage: Stage) -> bool:
        return self.is_finished(PlannedStep("train", stage, self._resolved.digests[stage]))

    def _quarantine(self, kind: EntryKind[Any], digest: str, error: DamagedEntryError) -> None:
        lock = self._store.lock(digest)
        if not lock.try_acquire():
            return  # another run sees to it
        try:
            self._store.verify(kind, digest)
        except DamagedEntryError:
            place = self._store.quarantine(kind, digest)
            for fault in error.faults:
                self._say(f"  DAMAGED {fault}")
            self._say(f"          quarantined: {place}; it is recomputed where it is needed")
            self._damages[digest] = self._damages.get(digest, 0) + 1
        finally:
            lock.release()
        if self._damages.get(digest, 0) > _MOST_DAMAGES:
            raise UnreliableDiskError(
                f"{error}\nThis happened {self._damages[digest]} times in this run; is the disk reliable?"
            )

"""What of a plan the store holds; what is damaged is named, and quarantined to be made again."""

from collections.abc import Callable

from harness.errors import RunError
from harness.execution.planned_steps import PlannedStep
from harness.execution.steps.base import ENTRY_KINDS
from harness.planning.stage import Stage
from harness.resolved_plan import ResolvedPlan
from harness.store.discard import discarded
from harness.store.integrity import DamagedEntryError
from harness.store.store import Store

_MOST_DAMAGES = 2


class UnreliableDiskError(RunError):
    """An entry was damaged again soon after it had been made anew."""


class EntryStates:
    """Knows which entries of a plan are finished, by one look into each folder of the store.

    On a shared file system each call takes milliseconds, and a plan has thousands of entries. Their files are
    read when they are used: those of stages before the steps that start from them, those of evaluations
    before they are published (`damaged`).
    """

    def __init__(self, resolved: ResolvedPlan, store: Store, say: Callable[[str], None]) -> None:
        """Look at what there is.

        Args:
            resolved: The plan.
            store: Where its entries lie.
            say: Is told of each damaged file and what becomes of its entry.
        """
        self._resolved = resolved
        self._store = store
        self._say = say
        self._finished = {digest for kind in ENTRY_KINDS.values() for digest in store.digests(kind)}
        self._discarded = discarded(store)
        self._damages: dict[str, int] = {}

    def is_finished(self, digest: str) -> bool:
        """Return whether an entry was there when it was last looked for."""
        return digest in self._finished

    def note(self, digest: str, *, finished: bool) -> None:
        """Take note that an entry is there, or is no more."""
        (self._finished.add if finished else self._finished.discard)(digest)
        self._discarded.discard(digest)

    def has_weights(self, digest: str) -> bool:
        """Return whether a finished stage's weights are there, which `target_weights: discard` drops."""
        return digest not in self._discarded

    def note_discarded(self, digest: str) -> None:
        """Take note that a stage's weights were dropped."""
        self._discarded.add(digest)

    def needed(self) -> set[str]:
        """Return the digests of the entries that must be made for the evaluations that aren't there yet.

        A finished stage needs nothing before it; a finished evaluation needs no stage. A forgetting
        evaluation needs all stages up to it, for their heads. A stage whose weights were discarded is needed
        again where something else needs it.
        """
        resolved = self._resolved
        needed: set[str] = set()
        wanted: list[Stage] = []
        for stage, digest in resolved.evaluation_digests.items():
            if not self.is_finished(digest):
                needed.add(digest)
                wanted.append(stage)
        for stage, digest in resolved.forgetting_digests.items():
            if not self.is_finished(digest):
                needed.add(digest)
                wanted += stage.lineage()
        while wanted:
            stage = wanted.pop()
            digest = resolved.digests[stage]
            if not stage.is_trained:
                wanted += resolved.dependencies(stage)
            elif digest not in needed and not (self.is_finished(digest) and self.has_weights(digest)):
                needed.add(digest)
                wanted += resolved.dependencies(stage)
        return needed

    def damaged(self, step: PlannedStep) -> bool:
        """Read the files of a finished step; quarantine its entry if they are not as they were written.

        Raises:
            UnreliableDiskError: The entry was made again in this run already, and is damaged again.
        """
        kind = ENTRY_KINDS[step.kind]
        try:
            if self._store.verify(kind, step.digest) is not None:
                return False
        except DamagedEntryError as error:
            place = self._store.quarantine_damaged(kind, step.digest)
            damage = [str(fault) for fault in error.faults]
            self.say_damage(step.digest, [*damage, f"quarantined: {place}; it is made again"])
        self.note(step.digest, finished=False)
        return True

    def say_damage(self, digest: str, lines: list[str]) -> None:
        """Tell of damaged files.

        Raises:
            UnreliableDiskError: The entry was made again in this run already, and is damaged again.
        """
        for line in lines:
            self._say(f"  DAMAGED {line}" if not line.startswith("quarantined") else f"          {line}")
        self._damages[digest] = self._damages.get(digest, 0) + bool(lines)
        if self._damages[digest] > _MOST_DAMAGES:
            raise UnreliableDiskError(
                "\n".join(lines)
                + f"\nThis happened {self._damages[digest]} times in this run; is the disk reliable?"
            )

"""One attempt at a step, by the process that carries it out: lock, check, compute, move into the store."""

import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from harness.data.location import DataFolders
from harness.errors import StepInterruptedError, UserError, XstiltsError
from harness.execution.events import (
    Busy,
    Checked,
    Event,
    Failed,
    Finished,
    Interrupted,
    Missing,
    Outcome,
    Remark,
)
from harness.execution.failure import describe_error
from harness.execution.request import StepRequest
from harness.execution.steps.base import ENTRY_KINDS, BaseStep, StepContext, StepManifest
from harness.execution.steps.check import CheckStep
from harness.store.disk import has_space, is_no_space
from harness.store.integrity import DamagedEntryError
from harness.store.lock import EntryLock, owner_of
from harness.store.store import Store
from harness.training.manifest import STAGES

T = TypeVar("T")


def run_request(
    request: StepRequest,
    store: Store,
    data_dir: DataFolders,
    tell: Callable[[Event], None],
    stop: Callable[[], bool],
    rank: int = 0,
    ranks: int = 1,
) -> Outcome:
    """Carry a request out on this rank, and return how it ended; see `Attempt` for the arguments."""
    if isinstance(request.step, CheckStep):
        return run_check(request.step, store)
    return Attempt(request, store, data_dir, tell, stop, rank, ranks).run()


def run_check(step: CheckStep, store: Store) -> Outcome:
    """Look at a plan's model; return what was found."""
    try:
        return Checked(warnings=step.check())
    except Exception as error:
        return outcome_of(error, step, store)


def outcome_of(error: Exception, step: BaseStep, store: Store) -> Outcome:
    """Return how a step ended that raised an error."""
    if isinstance(error, StepInterruptedError):
        return Interrupted(saved=error.saved)
    full = is_no_space(error) or not has_space(store.layout.root)
    with suppress(OSError):  # the log's disk may be full, too
        traceback.print_exc()
    words = describe_error(error, step.memory_advice())
    return Failed(
        error=words,
        disk_full=full,
        refused=isinstance(error, UserError),
        expected=isinstance(error, XstiltsError),
    )


class Attempt:
    """What every rank of a step does, in this order: `prepare`, `compute`, and the first one `publish`.

    The first rank holds the entry's lock in between, so that no other process makes the same entry. `publish`
    may be called in another thread while the next step computes.
    """

    def __init__(
        self,
        request: StepRequest,
        store: Store,
        data_dir: DataFolders,
        tell: Callable[[Event], None],
        stop: Callable[[], bool],
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """Prepare an attempt.

        Args:
            request: What to carry out.
            store: Where its entry belongs.
            data_dir: Folders with local data of this machine, if any.
            tell: Takes the events, on the first rank.
            stop: Tells whether to save a resume point and end.
            rank: Of this process among those that carry the step out.
            ranks: How many these are; more than one have formed a process group.
        """
        assert not isinstance(request.step, CheckStep), "a check makes no entry"
        self._request, self._step, self._store = request, request.step, store
        self._data_dir, self._stop = data_dir, stop
        self._rank, self._ranks = rank, ranks
        self._tell: Callable[[Event], None] = tell if rank == 0 else lambda event: None
        self._kind = ENTRY_KINDS[self._step.kind]
        self._lock: EntryLock = store.lock(self._step.digest, request.attempt, request.lost)

    def run(self) -> Outcome:
        """Do everything, and return how it ended; on other ranks than the first without the manifest."""
        try:
            outcome = self.prepare()
            if outcome is None:
                manifest = self.compute()
                outcome = Finished(manifest=None) if manifest is None else self.publish(manifest)
        except Exception as error:
            outcome = self.outcome_of(error)
        finally:
            self._lock.release()
        return outcome

    def prepare(self) -> Outcome | None:
        """Take the lock and look at what is there; return an outcome where there is nothing to compute."""
        return self._on_first_rank(self._prepare)

    def compute(self) -> StepManifest | None:
        """Make the entry's files in its folder; return the manifest on the first rank.

        Raises:
            Exception: whatever ends the step; see `outcome_of`.
        """
        context = StepContext(
            store=self._store,
            data_dir=self._data_dir,
            resume_every=self._request.resume_every,
            rank=self._rank,
            report=self._tell,
            remark=lambda text: self._tell(Remark(text=text)),
            stop=self._stop,
        )
        return self._step.run(context)

    def publish(self, manifest: StepManifest) -> Outcome:
        """Move the entry into the store and give up the lock; on the first rank only."""
        try:
            if not self._lock.is_held:
                return Busy(owner="taken over by another process, which had heard nothing of this one")
            return Finished(manifest=self._store.add(self._kind, manifest))
        except Exception as error:
            return self.outcome_of(error)
        finally:
            self._lock.release()

    def outcome_of(self, error: Exception) -> Outcome:
        """Return how an attempt ended that raised an error, and give up the lock."""
        self._lock.release()
        return outcome_of(error, self._step, self._store)

    def _prepare(self) -> Outcome | None:
        digest = self._step.digest
        if not self._lock.try_acquire():
            owner = owner_of(self._store.layout.lock(digest))
            return Busy(owner=f"{owner.host}, process {owner.pid}" if owner else "another process")
        try:
            found = self._store.get(self._kind, digest) or self._store.adopt(self._kind, digest)
        except DamagedEntryError:
            self._store.quarantine(self._kind, digest)
            found = None
        if found is not None and not self._store.has_discarded(digest):
            self._lock.release()
            return Finished(manifest=found, reused=True)
        missing = self._missing()
        if missing is not None:
            self._lock.release()
            return missing
        if not self._step.resumes:
            self._store.clear_workdir(digest)
        return None

    def _missing(self) -> Missing | None:
        """Read the files of the entries that the step needs; quarantine what is damaged."""
        digests, damage = list[str](), list[str]()
        for digest in self._step.dependencies:
            try:
                if self._store.has_discarded(digest) or self._store.verify(STAGES, digest) is None:
                    digests.append(digest)
            except DamagedEntryError as error:
                digests.append(digest)
                place = self._store.quarantine_damaged(STAGES, digest)
                damage += [f"{fault}" for fault in error.faults]
                damage.append(f"quarantined: {place}; it is made again where it is needed")
        return Missing(digests=tuple(digests), damage=tuple(damage)) if digests else None

    def _on_first_rank(self, work: Callable[[], T]) -> T:
        if self._ranks == 1:
            return work()
        from harness.training.distributed import on_first_rank

        return on_first_rank(work)

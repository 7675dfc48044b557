"""The runner: trains what is missing of a plan, evaluates what is missing, and goes on after failures."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from harness.execution.entry_state import EntryStates
from harness.execution.messages import StepRequest
from harness.execution.planned_steps import Outcome, PlannedStep, all_steps, step_of
from harness.execution.reporter import Reporter, summary
from harness.execution.steps.base import ENTRY_KINDS
from harness.execution.worker_process import DiskFullError, StepFailedError, WorkerProcess
from harness.plan.stage import Stage
from harness.resolved_plan import ResolvedPlan
from harness.store.disk import StoreFullError
from harness.store.lock import EntryLock
from harness.store.store import Store

RESUME_SECONDS = 60.0
_BUSY_SECONDS = 0.5


class Runner:
    """Runs a resolved plan on this machine; each worker takes the next step whose dependencies are there.

    Another run may work on the same store: what it is making is left to it and looked for again later.
    The files of an entry are read before they are used; a damaged entry is quarantined and recomputed.
    """

    def __init__(
        self,
        resolved: ResolvedPlan,
        store: Store,
        workers: Sequence[WorkerProcess],
        reporter: Reporter,
        resume_seconds: float = RESUME_SECONDS,
    ) -> None:
        self._resolved = resolved
        self._store = store
        self._workers = workers
        self._reporter = reporter
        self._resume_seconds = resume_seconds
        self._states = EntryStates(resolved, store, reporter.say)
        self._needed = self._states.needed_stages()
        self._outcome = Outcome()
        self._pending = list(all_steps(resolved))
        self._doing: set[PlannedStep] = set()
        self._finished: set[str] = set()
        self._stopped = False
        # Guards everything above, and tells waiting workers that some step has ended.
        self._changed = threading.Condition()

    def run(self) -> Outcome:
        """Run all the steps there are; failures are kept in the outcome, not raised."""
        if any(stage.parent is None for stage in self._needed):
            # A model that cannot be downloaded ends the run here, not stage after stage.
            self._resolved.model.ref.local()
        with ThreadPoolExecutor(len(self._workers), thread_name_prefix="worker") as pool:
            served = [pool.submit(self._serve, worker) for worker in self._workers]
            try:
                for future in as_completed(served):
                    future.result()
            except BaseException:
                self._stop()
                raise
        return self._outcome

    def _stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.ask_to_end()
        for worker in self._workers:
            worker.kill()

    def _serve(self, worker: WorkerProcess) -> None:
        while (claim := self._claim()) is not None:
            step, lock = claim
            try:
                self._make(step, worker)
            finally:
                lock.release()
                with self._changed:
                    self._doing.discard(step)
                    self._changed.notify_all()

    def _claim(self) -> tuple[PlannedStep, EntryLock] | None:
        """Wait for a step that can be run now and take it; None when there is no more."""
        with self._changed:
            while self._pending and not self._stopped:
                for step in list(self._pending):
                    lock = self._lock_if_ready(step)
                    if lock is not None:
                        self._pending.remove(step)
                        self._doing.add(step)
                        return step, lock
                if self._pending:
                    self._changed.wait(_BUSY_SECONDS)
            return None

    def _lock_if_ready(self, step: PlannedStep) -> EntryLock | None:
        """Take the step's lock if its parent is there; strike off a step that is finished or left out."""
        if self._is_finished(step) or (step.kind == "train" and step.stage not in self._needed):
            self._pending.remove(step)
            self._count_reused(step)
            return None
        for before in step.dependencies:
            if before in self._outcome.failures:
                self._pending.remove(step)
                self._leave_out(step, before)
                return None
            needed = PlannedStep("train", before, self._resolved.digests[before])
            if not self._is_finished(needed):
                if needed not in self._pending and needed not in self._doing:
                    self._make_first(needed, step)
                return None
        lock = self._store.lock(step.digest)
        return lock if lock.try_acquire() else None

    def _make(self, step: PlannedStep, worker: WorkerProcess) -> None:
        # Another run may have finished it since it was looked for.
        if self._is_finished(step) or self._adopt(step):
            with self._changed:
                self._count_reused(step)
            return
        for before in step.dependencies:
            needed = PlannedStep("train", before, self._resolved.digests[before])
            if not self._states.is_valid(needed):
                self._make_first(needed, step)
                return
        try:
            self._run(step, worker)
        except DiskFullError as error:
            raise StoreFullError(self._store.layout.root) from error
        except StepFailedError as error:
            with self._changed:
                if not self._stopped:
                    self._failures(step)[step.stage] = str(error)
                    self._store.record_failure(step.digest, str(error))
                    self._reporter.failed(str(step), str(error), *self._size(step))

    def _make_first(self, needed: PlannedStep, step: PlannedStep) -> None:
        """Put a step back, behind the damaged stage that it needs and what that one needs in turn."""
        with self._changed:
            self._finished.discard(needed.digest)
            missing = self._states.needed_stages() - self._outcome.failures.keys()
            self._needed |= missing
            every = list(all_steps(self._resolved))
            again = {one for one in every if one.kind == "train" and one.stage in missing}
            for one in again - self._doing - {*self._pending}:
                self._reporter.requeue(*self._size(one))
            waiting = {step, *self._pending, *(again - self._doing)}
            self._pending = [one for one in every if one in waiting]

    def _run(self, step: PlannedStep, worker: WorkerProcess) -> None:
        sent = step_of(self._resolved, step)
        if not sent.resumes:
            self._store.clear_workdir(step.digest)
        shown = self._reporter.begin(str(step))
        manifest = worker.run(
            StepRequest(
                step=sent,
                store=self._store.layout.root,
                data_dir=self._resolved.data_dir,
                resume_every=self._resume_seconds,
            ),
            shown.on_event,
        )
        self._store.add(ENTRY_KINDS[step.kind], manifest)
        with self._changed:
            self._outcome.made[step.kind] += 1
        shown.finished(*self._size(step), manifest.result.seconds, summary(manifest))

    def _failures(self, step: PlannedStep) -> dict[Stage, str]:
        """Return where a failure is kept: what was not measured keeps no stage from being trained."""
        return self._outcome.unmeasured if step.kind == "forgetting" else self._outcome.failures

    def _is_finished(self, step: PlannedStep) -> bool:
        if step.digest in self._finished:
            return True
        finished = self._states.is_finished(step)
        if finished:
            self._finished.add(step.digest)
        return finished

    def _adopt(self, step: PlannedStep) -> bool:
        return self._store.adopt(ENTRY_KINDS[step.kind], step.digest) is not None

    def _size(self, step: PlannedStep) -> tuple[int, int]:
        """Return how many samples and items the step has."""
        if step.kind == "train":
            return self._resolved.samples(step.stage), 0
        return 0, self._resolved.items(step.stage) if step.kind == "evaluate" else 0

    def _count_reused(self, step: PlannedStep) -> None:
        self._outcome.reused[step.kind] += 1
        self._reporter.reused(str(step), *self._size(step))

    def _leave_out(self, step: PlannedStep, before: Stage) -> None:
        # A target's own failure is already there when its evaluation is left out.
        if step.stage not in self._failures(step):
            self._failures(step)[step.stage] = f"left out: {before} failed"
        self._reporter.left_out(str(step), f"left out: {before} failed", *self._size(step))

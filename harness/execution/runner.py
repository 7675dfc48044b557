"""The runner: trains what is missing of a plan, evaluates what is missing, and goes on after failures."""

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from harness.evaluation.job import EVALUATIONS
from harness.execution.entries import (
    evaluation_job,
    evaluation_manifest,
    forgetting_job,
    forgetting_manifest,
    stage_job,
    stage_manifest,
)
from harness.execution.entry_state import EntryStates, entry_kind
from harness.execution.messages import EvaluateRequest, ForgettingRequest, TrainRequest
from harness.execution.reporter import Reporter, duration
from harness.execution.resolution import Resolution
from harness.execution.work import Outcome, Work, all_work
from harness.execution.worker_process import DiskFullError, StageFailedError, WorkerProcess
from harness.plan.stage import Stage
from harness.store.disk import StoreFullError
from harness.store.lock import EntryLock
from harness.store.store import Store
from harness.training.job import StageResult
from harness.training.manifest import FORGETTING, STAGES

RESUME_SECONDS = 60.0
_BUSY_SECONDS = 0.5


class Runner:
    """Carries a resolved plan out on this machine, each worker taking the next work whose parent is there.

    Another run may work on the same store: what it is making is left to it and looked for again later.
    The files of an entry are read before they are used; a damaged entry is quarantined and made again.
    """

    def __init__(
        self,
        resolution: Resolution,
        store: Store,
        workers: Sequence[WorkerProcess],
        reporter: Reporter,
        resume_seconds: float = RESUME_SECONDS,
    ) -> None:
        self._resolution = resolution
        self._store = store
        self._workers = workers
        self._reporter = reporter
        self._resume_seconds = resume_seconds
        self._states = EntryStates(resolution, store, reporter.say)
        self._needed = self._states.needed_stages()
        self._outcome = Outcome()
        self._pending = list(all_work(resolution))
        self._doing: set[Work] = set()
        self._finished: set[str] = set()
        self._stopped = False
        # Guards everything above, and tells waiting workers that some work has ended.
        self._changed = threading.Condition()

    def run(self) -> Outcome:
        """Do all the work there is; failures are kept in the outcome, not raised."""
        if any(stage.parent is None for stage in self._needed):
            # A model that cannot be downloaded ends the run here, not stage after stage.
            self._resolution.model.ref.local()
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
            work, lock = claim
            try:
                self._make(work, worker)
            finally:
                lock.release()
                with self._changed:
                    self._doing.discard(work)
                    self._changed.notify_all()

    def _claim(self) -> tuple[Work, EntryLock] | None:
        """Wait for work that can be done now and take it; None when there is no more."""
        with self._changed:
            while self._pending and not self._stopped:
                for work in list(self._pending):
                    lock = self._lock_if_ready(work)
                    if lock is not None:
                        self._pending.remove(work)
                        self._doing.add(work)
                        return work, lock
                if self._pending:
                    self._changed.wait(_BUSY_SECONDS)
            return None

    def _lock_if_ready(self, work: Work) -> EntryLock | None:
        """Take the work's lock if its parent is there; strike off work that is finished or left out."""
        if self._is_finished(work) or (work.kind == "train" and work.stage not in self._needed):
            self._pending.remove(work)
            self._count_reused(work)
            return None
        for before in work.needs:
            if before in self._outcome.failures:
                self._pending.remove(work)
                self._leave_out(work, before)
                return None
            needed = Work("train", before, self._resolution.digests[before])
            if not self._is_finished(needed):
                if needed not in self._pending and needed not in self._doing:
                    self._make_first(needed, work)
                return None
        lock = self._store.lock(work.digest)
        return lock if lock.try_acquire() else None

    def _make(self, work: Work, worker: WorkerProcess) -> None:
        # Another run may have finished it since it was looked for.
        if self._is_finished(work) or self._adopt(work):
            with self._changed:
                self._count_reused(work)
            return
        for before in work.needs:
            needed = Work("train", before, self._resolution.digests[before])
            if not self._states.is_valid(needed):
                self._make_first(needed, work)
                return
        try:
            {"train": self._train, "evaluate": self._evaluate, "forgetting": self._forget}[work.kind](
                work, worker
            )
        except DiskFullError as error:
            raise StoreFullError(self._store.layout.root) from error
        except StageFailedError as error:
            with self._changed:
                if not self._stopped:
                    self._failures(work)[work.stage] = str(error)
                    self._store.record_failure(work.digest, str(error))
                    self._reporter.failed(str(work), str(error), *self._size(work))

    def _make_first(self, needed: Work, work: Work) -> None:
        """Put a work back, behind the damaged stage that it needs and what that one needs in turn."""
        with self._changed:
            self._finished.discard(needed.digest)
            missing = self._states.needed_stages() - self._outcome.failures.keys()
            self._needed |= missing
            every = list(all_work(self._resolution))
            again = {one for one in every if one.kind == "train" and one.stage in missing}
            for one in again - self._doing - {*self._pending}:
                self._reporter.again(*self._size(one))
            waiting = {work, *self._pending, *(again - self._doing)}
            self._pending = [one for one in every if one in waiting]

    def _train(self, work: Work, worker: WorkerProcess) -> None:
        stage = work.stage
        job = stage_job(self._resolution, self._store, stage)
        samples = self._resolution.samples(stage)
        shown = self._reporter.begin(str(work), total=-(-samples // job.hyperparameters.batch_size))
        locks = self._store.layout.root / "locks"
        result = worker.train(
            TrainRequest(job=job, locks=locks, resume_every=self._resume_seconds), shown.hear
        )
        self._store.add(STAGES, stage_manifest(self._resolution, stage, job, result))
        with self._changed:
            self._outcome.trained += 1
        shown.trained(
            samples,
            result.seconds,
            f"loss {result.final_loss:.3f}, {result.samples_per_second:.1f} samples/s, "
            f"{duration(result.seconds)}{_held_out(result)}",
        )

    def _evaluate(self, work: Work, worker: WorkerProcess) -> None:
        stage = work.stage
        job = evaluation_job(self._resolution, self._store, stage)
        # Unlike a stage, an evaluation starts anew: it takes less time than a resume point is worth.
        shutil.rmtree(job.output)
        job.output.mkdir()
        items = self._resolution.items(stage)
        shown = self._reporter.begin(str(work), total=items)
        result = worker.evaluate(EvaluateRequest(job=job), shown.hear)
        self._store.add(EVALUATIONS, evaluation_manifest(self._resolution, stage, job, result))
        with self._changed:
            self._outcome.evaluated += 1
        scores = ", ".join(f"{score.language} {score.score:.3f}" for score in result.scores)
        shown.evaluated(items, result.seconds, f"{scores}; {result.items_per_second:.0f} items/s")

    def _forget(self, work: Work, worker: WorkerProcess) -> None:
        job = forgetting_job(self._resolution, self._store, work.stage)
        shown = self._reporter.begin(str(work), total=len(job.heads))
        result = worker.evaluate_forgetting(ForgettingRequest(job=job), shown.hear)
        self._store.add(FORGETTING, forgetting_manifest(self._resolution, work.stage, result))
        scores = ", ".join(f"{score.task} {score.metric} {score.value:.3f}" for score in result.scores)
        shown.evaluated(0, result.seconds, scores)

    def _failures(self, work: Work) -> dict[Stage, str]:
        """Return where a failure is kept: what was not measured keeps no stage from being trained."""
        return self._outcome.unmeasured if work.kind == "forgetting" else self._outcome.failures

    def _is_finished(self, work: Work) -> bool:
        if work.digest in self._finished:
            return True
        finished = self._states.is_finished(work)
        if finished:
            self._finished.add(work.digest)
        return finished

    def _adopt(self, work: Work) -> bool:
        return self._store.adopt(entry_kind(work), work.digest) is not None

    def _size(self, work: Work) -> tuple[int, int]:
        """Return how many samples and items the work has."""
        if work.kind == "train":
            return self._resolution.samples(work.stage), 0
        return 0, self._resolution.items(work.stage) if work.kind == "evaluate" else 0

    def _count_reused(self, work: Work) -> None:
        if work.kind == "train":
            self._outcome.reused_stages += 1
        elif work.kind == "evaluate":
            self._outcome.reused_evaluations += 1
        self._reporter.reused(str(work), *self._size(work))

    def _leave_out(self, work: Work, before: Stage) -> None:
        # A target's own failure is already there when its evaluation is left out.
        if work.stage not in self._failures(work):
            self._failures(work)[work.stage] = f"left out: {before} failed"
        self._reporter.left_out(str(work), f"left out: {before} failed", *self._size(work))


def _held_out(result: StageResult) -> str:
    """Return the held-out metrics of a stage's members, as far as there are any."""
    parts = [
        (f"{member.name} " if len(result.members) > 1 else "")
        + ", ".join(f"{name} {value:.3f}" for name, value in member.held_out.metrics.items())
        for member in result.members
        if member.held_out is not None
    ]
    return f"; held out: {'; '.join(parts)}" if parts else ""

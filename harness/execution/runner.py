"""The runner: trains what is missing of a plan, evaluates what is missing, and goes on after failures."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from harness.evaluation.manifest import EVALUATIONS
from harness.execution.entries import evaluation_job, evaluation_manifest, stage_job, stage_manifest
from harness.execution.messages import EvaluateRequest, TrainRequest
from harness.execution.reporter import Reporter, duration
from harness.execution.resolution import Resolution
from harness.execution.worker_process import StageFailedError, WorkerProcess
from harness.plan.stage import Stage
from harness.store.manifest import STAGES
from harness.store.store import Store
from harness.training.job import StageResult

_BUSY_SECONDS = 0.5


@dataclass(frozen=True)
class Work:
    """One stage to train or to evaluate."""

    kind: Literal["train", "evaluate"]
    stage: Stage
    digest: str

    def __str__(self) -> str:
        """Return the stage in words."""
        return str(self.stage) if self.kind == "train" else f"evaluation of {self.stage}"


class _State(Enum):
    DONE = "done"
    BUSY = "busy"


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        failures: Stages that failed, or whose evaluation or an earlier stage failed -> why.
    """

    trained: int = 0
    evaluated: int = 0
    reused_stages: int = 0
    reused_evaluations: int = 0
    failures: dict[Stage, str] = field(default_factory=dict)


class Runner:
    """Carries a resolved plan out on this machine.

    Another run may work on the same store: what it is making is left to it and looked for again later.
    """

    def __init__(
        self, resolution: Resolution, store: Store, worker: WorkerProcess, reporter: Reporter
    ) -> None:
        self._resolution = resolution
        self._spec = resolution.plan.loaded.spec
        self._store = store
        self._worker = worker
        self._reporter = reporter
        self._needed = needed_stages(resolution, store)
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Do all the work there is; failures are kept in the outcome, not raised."""
        pending = list(self._work())
        while pending:
            waiting = [work for work in pending if self._attempt(work) is _State.BUSY]
            if len(waiting) == len(pending):
                time.sleep(_BUSY_SECONDS)
            pending = waiting
        return self._outcome

    def _work(self) -> Iterator[Work]:
        for stage in self._resolution.plan.stages:
            yield Work("train", stage, self._resolution.digests[stage])
            if stage.role == "target":
                yield Work("evaluate", stage, self._resolution.evaluation_digests[stage])

    def _attempt(self, work: Work) -> _State:
        if self._is_finished(work) or (work.kind == "train" and work.stage not in self._needed):
            self._count_reused(work)
            return _State.DONE
        before = work.stage.parent if work.kind == "train" else work.stage
        if before is not None:
            if before in self._outcome.failures:
                self._skip(work, before)
                return _State.DONE
            if self._store.get(STAGES, self._resolution.digests[before]) is None:
                return _State.BUSY
        lock = self._store.lock(work.digest)
        if not lock.try_acquire():
            return _State.BUSY
        try:
            self._make(work)
        finally:
            lock.release()
        return _State.DONE

    def _make(self, work: Work) -> None:
        # Another run may have finished it since it was looked for.
        if self._is_finished(work) or self._adopt(work):
            self._count_reused(work)
            return
        try:
            if work.kind == "train":
                self._train(work.stage)
            else:
                self._evaluate(work.stage)
        except StageFailedError as error:
            self._outcome.failures[work.stage] = str(error)
            self._reporter.failed(str(work), str(error), *self._size(work))

    def _train(self, stage: Stage) -> None:
        job = stage_job(self._resolution, self._store, stage)
        samples = self._resolution.samples(stage)
        self._reporter.begin(str(stage), total=-(-samples // job.hyperparameters.batch_size))
        locks = self._store.layout.root / "locks"
        result = self._worker.train(TrainRequest(job=job, locks=locks), self._reporter.hear)
        self._store.add(STAGES, stage_manifest(self._resolution, stage, job, result))
        self._outcome.trained += 1
        self._reporter.trained(samples, result.seconds)
        self._reporter.finished(
            f"loss {result.final_loss:.3f}, {result.samples_per_second:.1f} samples/s, "
            f"{duration(result.seconds)}{_held_out(result)}"
        )

    def _evaluate(self, stage: Stage) -> None:
        job = evaluation_job(self._resolution, self._store, stage)
        # Unlike a stage, an evaluation starts anew: it takes less time than a resume point is worth.
        shutil.rmtree(job.output)
        job.output.mkdir()
        items = self._resolution.items(stage)
        self._reporter.begin(f"evaluation of {stage}", total=items)
        result = self._worker.evaluate(EvaluateRequest(job=job), self._reporter.hear)
        self._store.add(EVALUATIONS, evaluation_manifest(self._resolution, stage, job, result))
        self._outcome.evaluated += 1
        self._reporter.evaluated(items, result.seconds)
        scores = ", ".join(f"{score.language} {score.accuracy:.3f}" for score in result.scores)
        self._reporter.finished(f"{scores}; {result.items_per_second:.0f} items/s")

    def _is_finished(self, work: Work) -> bool:
        if work.kind == "train":
            return self._store.get(STAGES, work.digest) is not None
        return self._store.get(EVALUATIONS, work.digest) is not None

    def _adopt(self, work: Work) -> bool:
        if work.kind == "train":
            return self._store.adopt(STAGES, work.digest) is not None
        return self._store.adopt(EVALUATIONS, work.digest) is not None

    def _size(self, work: Work) -> tuple[int, int]:
        """Return how many samples and items the work has."""
        if work.kind == "train":
            return self._resolution.samples(work.stage), 0
        return 0, self._resolution.items(work.stage)

    def _count_reused(self, work: Work) -> None:
        if work.kind == "train":
            self._outcome.reused_stages += 1
        else:
            self._outcome.reused_evaluations += 1
        self._reporter.reused(str(work), *self._size(work))

    def _skip(self, work: Work, before: Stage) -> None:
        # A target's own failure is already there when its evaluation is left out.
        if work.stage not in self._outcome.failures:
            self._outcome.failures[work.stage] = f"left out: {before} failed"
        self._reporter.left_out(str(work), f"left out: {before} failed", *self._size(work))


def needed_stages(resolution: Resolution, store: Store) -> set[Stage]:
    """Return the stages that must be in the store for the evaluations that aren't there yet.

    A finished stage needs nothing before it; a finished evaluation needs no stage.
    """
    needed: set[Stage] = set()
    for target, digest in resolution.evaluation_digests.items():
        if store.get(EVALUATIONS, digest) is not None:
            continue
        stage: Stage | None = target
        while stage is not None and store.get(STAGES, resolution.digests[stage]) is None:
            needed.add(stage)
            stage = stage.parent
    return needed


def _held_out(result: StageResult) -> str:
    if result.held_out is None:
        return ""
    metrics = ", ".join(f"{name} {value:.3f}" for name, value in result.held_out.metrics.items())
    return f"; held out: {metrics}"

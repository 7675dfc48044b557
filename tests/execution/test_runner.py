"""What the runner makes, in which order, after failures and after damages: a real store, no training."""

import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.config.load import load_sequences
from harness.evaluation.job import EVALUATIONS, EvaluationManifest, EvaluationResult
from harness.execution.planned_steps import Outcome
from harness.execution.reporter import Reporter
from harness.execution.runner import Runner
from harness.execution.worker_process import DiskFullError, StepFailedError
from harness.plan.tree import Plan
from harness.resolved_plan import ResolvedPlan, resolve
from harness.store.disk import StoreFullError
from harness.store.store import Store
from harness.training.forgetting_job import ForgettingResult
from harness.training.manifest import FORGETTING, STAGES, ForgettingManifest
from tests.execution.experiment import make_experiment
from tests.store.entries import manifest

ALL = ["xnli", "rte", "rte → xnli", "rte → pawsx", "rte → pawsx → xnli"]
ALL += ["pawsx", "pawsx → xnli", "pawsx → rte", "pawsx → rte → xnli"]


@pytest.fixture(scope="module")
def resolution(tmp_path_factory: pytest.TempPathFactory) -> ResolvedPlan:
    """Two intermediate tasks in all orders before one target, one seed: 9 stages, 5 of them evaluated."""
    folder = tmp_path_factory.mktemp("experiment")
    (loaded,) = load_sequences([make_experiment(folder, seeds="[1]")])
    return resolve(Plan.of(loaded), folder / "data")


class FakeWorker:
    """Leaves a few bytes in the workdir in place of a model; fails where it is told to."""

    def __init__(self, failing: dict[str, Exception] | None = None) -> None:
        self.failing = failing or {}
        self.asked: list[str] = []
        self.names: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda name: None

    def run(self, request, on_event):
        store, step = Store(request.store), request.step
        name = self._asked(step.digest)
        folder = store.workdir(step.digest)
        if step.kind == "train":
            for digest in step.dependencies:
                assert store.get(STAGES, digest) is not None, f"{name} begins before what it starts from"
            (folder / "encoder").mkdir()
            (folder / "encoder" / "model.safetensors").write_text(name)
            return manifest(step.digest)
        if step.kind == "forgetting":
            made = manifest(step.digest).model_dump(include={"digest", "environment", "finished"})
            return ForgettingManifest(
                **made, stage=step.stage, result=ForgettingResult(scores=(), seconds=1.0)
            )
        (folder / "predictions.parquet").write_text("answers")
        result = EvaluationResult(
            scores=(), seconds=1.0, items_per_second=1.0, precision="fp32", device="cpu", lm_eval_version="0"
        )
        made = manifest(step.digest)
        return EvaluationManifest(
            **made.model_dump(include={"digest", "environment", "finished"}),
            **step.model_dump(include={"stage", "split", "limit", "precision", "batch_size", "data"}),
            result=result,
        )

    def ask_to_end(self): ...

    def kill(self): ...

    def _asked(self, digest: str) -> str:
        name = self.names[digest]
        self.before(name)
        self.asked.append(name)
        if name in self.failing:
            raise self.failing[name]
        return name


def names_of(resolution: ResolvedPlan) -> dict[str, str]:
    found = {digest: " → ".join(stage.path) for stage, digest in resolution.digests.items()}
    for stage, digest in resolution.evaluation_digests.items():
        found[digest] = f"evaluation of {' → '.join(stage.path)}"
    return found


def run(resolution: ResolvedPlan, folder: Path, *workers: FakeWorker) -> tuple[Outcome, str]:
    """Return what a run did, and what it said."""
    for worker in workers:
        worker.names = names_of(resolution)
    said = Console(file=io.StringIO(), width=400)
    outcome = Runner(resolution, Store(folder), workers, Reporter(said, 14, 1, 1)).run()
    return outcome, said.file.getvalue()


def failures(outcome: Outcome) -> dict[str, str]:
    return {" → ".join(stage.path): why for stage, why in outcome.failures.items()}


def test_each_stage_is_made_after_its_parent_and_evaluated_at_once(resolution, tmp_path):
    worker = FakeWorker()
    outcome, _ = run(resolution, tmp_path, worker)
    assert [name for name in worker.asked if not name.startswith("evaluation")] == ALL
    for target in ("xnli", "rte → xnli", "pawsx → rte → xnli"):
        assert worker.asked[worker.asked.index(target) + 1] == f"evaluation of {target}"
    assert (outcome.made, outcome.failures) == ({"train": 9, "evaluate": 5}, {})


def test_a_second_run_makes_nothing(resolution, tmp_path):
    run(resolution, tmp_path, FakeWorker())
    idle = FakeWorker()
    outcome, said = run(resolution, tmp_path, idle)
    assert idle.asked == []
    assert outcome.reused == {"train": 9, "evaluate": 5}
    assert said.count("reused") == 14


def test_a_failed_stage_takes_its_descendants_along_and_nothing_else(resolution, tmp_path):
    worker = FakeWorker({"rte": StepFailedError("the loss is not finite")})
    outcome, said = run(resolution, tmp_path, worker)
    assert failures(outcome) == {
        "rte": "the loss is not finite",
        "rte → xnli": "left out: rte (seed 1) failed",
        "rte → pawsx": "left out: rte (seed 1) failed",
        "rte → pawsx → xnli": "left out: rte → pawsx (seed 1) failed",
    }
    assert not any(name.startswith(("rte →", "evaluation of rte")) for name in worker.asked)
    assert outcome.made == {"train": 5, "evaluate": 3}
    assert "FAILED  rte (seed 1): the loss is not finite" in said


def test_what_failed_is_tried_again_by_the_next_run(resolution, tmp_path):
    run(resolution, tmp_path, FakeWorker({"rte": StepFailedError("no")}))
    worker = FakeWorker()
    outcome, _ = run(resolution, tmp_path, worker)
    assert [name for name in worker.asked if not name.startswith("evaluation")] == ALL[1:5]
    assert (outcome.made["train"], outcome.reused["train"], outcome.failures) == (4, 5, {})


def test_a_failed_evaluation_costs_no_other_stage(resolution, tmp_path):
    worker = FakeWorker({"evaluation of rte → xnli": StepFailedError("no")})
    outcome, _ = run(resolution, tmp_path, worker)
    assert failures(outcome) == {"rte → xnli": "no"}
    assert outcome.made == {"train": 9, "evaluate": 4}


def test_two_workers_share_the_work_and_none_is_done_twice(resolution, tmp_path):
    workers = FakeWorker(), FakeWorker()
    together = threading.Barrier(2, timeout=30)
    for worker in workers:
        # The first stages of both branches are made at the same time, or this waits in vain.
        worker.before = lambda name: together.wait() if name in ("xnli", "rte") else None
    outcome, _ = run(resolution, tmp_path, *workers)
    asked = workers[0].asked + workers[1].asked
    assert sorted(asked) == sorted(names_of(resolution).values())
    assert outcome.made["train"] == 9


def test_stages_of_finished_evaluations_are_not_made(resolution, tmp_path):
    """A store from which intermediate stages were removed: what is scored needs no stage before it."""
    run(resolution, tmp_path, FakeWorker())
    store = Store(tmp_path)
    for digest in list(store.digests(STAGES)):
        store.quarantine(STAGES, digest)
    idle = FakeWorker()
    run(resolution, tmp_path, idle)
    assert idle.asked == []


def test_a_damaged_parent_is_made_again_before_what_needs_it(resolution, tmp_path):
    run(resolution, tmp_path, FakeWorker({"rte → pawsx": StepFailedError("no")}))
    store = Store(tmp_path)
    (parent,) = [digest for digest, name in names_of(resolution).items() if name == "rte"]
    weights = store.path(STAGES, parent) / "encoder" / "model.safetensors"
    weights.chmod(0o644)
    weights.write_text("RTE")
    worker = FakeWorker()
    outcome, said = run(resolution, tmp_path, worker)
    assert worker.asked[:3] == ["rte", "rte → pawsx", "rte → pawsx → xnli"]
    assert "DAMAGED" in said and not outcome.failures
    assert store.verify(STAGES, parent) is not None


def test_a_damaged_evaluation_is_made_again_from_its_stage(resolution, tmp_path):
    run(resolution, tmp_path, FakeWorker())
    store = Store(tmp_path)
    digest = next(iter(resolution.evaluation_digests.values()))
    answers = store.path(EVALUATIONS, digest) / "predictions.parquet"
    answers.chmod(0o644)
    answers.write_text("other")
    worker = FakeWorker()
    run(resolution, tmp_path, worker)
    assert worker.asked == ["evaluation of xnli"]
    assert store.verify(EVALUATIONS, digest) is not None


def test_what_another_run_is_making_is_left_to_it(resolution, tmp_path):
    store = Store(tmp_path)
    names = names_of(resolution)
    (theirs,) = [digest for digest, name in names.items() if name == "xnli"]
    lock = store.lock(theirs)
    assert lock.try_acquire()
    worker = FakeWorker()

    def finish(name: str) -> None:
        if name == "pawsx → rte → xnli":
            folder = store.workdir(theirs)
            (folder / "encoder").mkdir()
            (folder / "encoder" / "model.safetensors").write_text("theirs")
            store.add(STAGES, manifest(theirs))
            lock.release()

    worker.before = finish
    outcome, _ = run(resolution, tmp_path, worker)
    assert "xnli" not in worker.asked and "evaluation of xnli" in worker.asked
    assert (outcome.made, outcome.reused["train"]) == ({"train": 8, "evaluate": 5}, 1)


def test_a_full_disk_ends_the_run(resolution, tmp_path):
    worker = FakeWorker({"rte": DiskFullError("no space")})
    with pytest.raises(StoreFullError):
        run(resolution, tmp_path, worker)
    assert worker.asked[-1] == "rte"


def test_a_forgetting_evaluation_follows_each_stage_and_its_failure_stops_none(tmp_path):
    file = make_experiment(tmp_path, orders="[[], [rte]]", seeds="[1]")
    file.write_text(file.read_text() + "forgetting: true\n")
    rows = tmp_path / "data" / "glue" / "rte"
    (rows / "dev.tsv").write_text((rows / "train.tsv").read_text())
    (loaded,) = load_sequences([file])
    resolved = resolve(Plan.of(loaded), tmp_path / "data")
    steps = {digest: f"forgetting after {stage}" for stage, digest in resolved.forgetting_digests.items()}
    worker = FakeWorker({"forgetting after rte (seed 1)": StepFailedError("no")})
    worker.names = names_of(resolved) | steps
    said = Console(file=io.StringIO(), width=400)
    outcome = Runner(resolved, Store(tmp_path / "store"), [worker], Reporter(said, 8, 1, 1)).run()
    assert sorted(steps.values()) == ["forgetting after rte (seed 1)", "forgetting after rte → xnli (seed 1)"]
    assert outcome.made == {"train": 3, "evaluate": 2, "forgetting": 1}
    assert not outcome.failures and [str(stage) for stage in outcome.unmeasured] == ["rte (seed 1)"]
    assert len(Store(tmp_path / "store").digests(FORGETTING)) == 1

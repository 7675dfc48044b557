"""What the runner makes, in which order, after failures and after damages: a real store, no training."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.config.executor_profile import LOCAL
from harness.config.load import load_sequences
from harness.evaluation.job import EVALUATIONS, EvaluationManifest, EvaluationResult
from harness.execution.attempt import Attempt
from harness.execution.dispatcher import RefusedError
from harness.execution.events import Checked, Event, Failed, Lost
from harness.execution.executors.base import Executor, Handle, StepEvent
from harness.execution.planned_steps import Outcome
from harness.execution.reporter import Reporter
from harness.execution.request import StepRequest
from harness.execution.runner import Runner
from harness.execution.step_requests import StepRequests
from harness.execution.steps import AnyStep
from harness.execution.steps.base import StepManifest
from harness.planning.tree import Plan
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


class FakeExecutor(Executor):
    """Leaves a few bytes in place of a model, step after step; ends a step as it is told to."""

    def __init__(self, outcomes: dict[str, Event] | None = None, places: int = 1) -> None:
        self.outcomes, self.places = outcomes or {}, places
        self.asked: list[str] = []
        self.names: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda name: None
        self.requests: list[StepRequest] = []
        self.store: Store

    def capacity(self) -> int:
        return self.places - len(self.requests)

    def submit(self, request: StepRequest) -> Handle:
        self.requests.append(request)
        return Handle(request.attempt)

    def events(self, seconds: float) -> list[StepEvent]:
        if not self.requests:
            time.sleep(min(seconds, 0.05))
            return []
        request = self.requests.pop(0)
        return [StepEvent(Handle(request.attempt), self._outcome(request))]

    def cancel(self, handle: Handle) -> None: ...

    def close(self) -> None: ...

    def _outcome(self, request: StepRequest) -> Event:
        step = request.step
        if step.kind == "check":
            return Checked(warnings=())
        name = self.names[step.digest]
        self.before(name)
        self.asked.append(name)
        if name in self.outcomes:
            return self.outcomes.pop(name)
        attempt = Attempt(request, self.store, None, lambda event: None, lambda: False)
        return attempt.prepare() or attempt.publish(self._make(step, name))

    def _make(self, step: AnyStep, name: str) -> StepManifest:
        folder = self.store.workdir(step.digest)
        made = manifest(step.digest).model_dump(include={"digest", "environment", "finished"})
        if step.kind == "train":
            (folder / "encoder").mkdir()
            (folder / "encoder" / "model.safetensors").write_text(name)
            return manifest(step.digest)
        if step.kind == "forgetting":
            return ForgettingManifest(
                **made, stage=step.stage, result=ForgettingResult(scores=(), seconds=1.0)
            )
        (folder / "predictions.parquet").write_text("answers")
        result = EvaluationResult(
            scores=(), seconds=1.0, items_per_second=1.0, precision="fp32", device="cpu", lm_eval_version="0"
        )
        kept = step.model_dump(include={"stage", "split", "limit", "precision", "batch_size", "data"})
        return EvaluationManifest(**made, **kept, result=result)


def names_of(resolution: ResolvedPlan) -> dict[str, str]:
    found = {digest: " → ".join(stage.path) for stage, digest in resolution.digests.items()}
    for stage, digest in resolution.evaluation_digests.items():
        found[digest] = f"evaluation of {' → '.join(stage.path)}"
    for stage, digest in resolution.forgetting_digests.items():
        found[digest] = f"forgetting after {' → '.join(stage.path)}"
    return found


def run(resolution: ResolvedPlan, folder: Path, executor: FakeExecutor) -> tuple[Outcome, str]:
    """Return what a run did, and what it said."""
    executor.names, executor.store = names_of(resolution), Store(folder)
    said = Console(file=io.StringIO(), width=400)
    requests = StepRequests(resolution, "run", LOCAL, 1, 60.0, 20.0)
    outcome = Runner(resolution, executor.store, lambda: executor, requests, Reporter(said, 14, 1, 1)).run()
    return outcome, said.file.getvalue()


def failures(outcome: Outcome) -> dict[str, str]:
    return {" → ".join(stage.path): why for stage, why in outcome.failures.items()}


def test_each_stage_is_made_after_its_parent_and_evaluated_at_once(resolution, tmp_path):
    worker = FakeExecutor()
    outcome, _ = run(resolution, tmp_path, worker)
    assert [name for name in worker.asked if not name.startswith("evaluation")] == ALL
    for target in ("xnli", "rte → xnli", "pawsx → rte → xnli"):
        assert worker.asked[worker.asked.index(target) + 1] == f"evaluation of {target}"
    assert (outcome.made, outcome.failures) == ({"train": 9, "evaluate": 5}, {})


def test_a_second_run_makes_nothing(resolution, tmp_path):
    run(resolution, tmp_path, FakeExecutor())
    idle = FakeExecutor()
    outcome, said = run(resolution, tmp_path, idle)
    assert idle.asked == []
    assert outcome.reused == {"train": 9, "evaluate": 5}
    assert said.count("reused") == 14


def test_a_failed_stage_takes_its_descendants_along_and_nothing_else(resolution, tmp_path):
    worker = FakeExecutor({"rte": Failed(error="the loss is not finite")})
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
    run(resolution, tmp_path, FakeExecutor({"rte": Failed(error="no")}))
    worker = FakeExecutor()
    outcome, _ = run(resolution, tmp_path, worker)
    assert [name for name in worker.asked if not name.startswith("evaluation")] == ALL[1:5]
    assert (outcome.made["train"], outcome.reused["train"], outcome.failures) == (4, 5, {})


def test_a_failed_evaluation_costs_no_other_stage(resolution, tmp_path):
    worker = FakeExecutor({"evaluation of rte → xnli": Failed(error="no")})
    outcome, _ = run(resolution, tmp_path, worker)
    assert failures(outcome) == {"rte → xnli": "no"}
    assert outcome.made == {"train": 9, "evaluate": 4}


def test_branches_are_made_at_the_same_time_where_there_is_room(resolution, tmp_path):
    executor = FakeExecutor(places=2)
    together: list[set[str]] = []
    executor.before = lambda name: together.append(
        {name, *(names_of(resolution)[request.step.digest] for request in executor.requests)}
    )
    outcome, _ = run(resolution, tmp_path, executor)
    assert any({"rte", "pawsx"} <= those for those in together)
    assert sorted(executor.asked) == sorted(names_of(resolution).values())
    assert outcome.made["train"] == 9


def test_a_lost_step_is_tried_again_and_told_which_attempts_have_ended(resolution, tmp_path):
    executor = FakeExecutor({"rte": Lost(reason="node n1 is gone")})
    lost: list[tuple[str, ...]] = []
    submit = executor.submit
    executor.submit = lambda request: (lost.append(request.lost), submit(request))[1]
    outcome, said = run(resolution, tmp_path, executor)
    assert executor.asked.count("rte") == 2 and not outcome.failures
    assert "again   rte (seed 1): node n1 is gone" in said
    assert [len(one) for one in lost if one] == [1]


def test_a_step_that_is_lost_again_and_again_fails(resolution, tmp_path):
    class Losing(FakeExecutor):
        def _outcome(self, request):
            if self.names.get(request.step.digest) == "pawsx":
                return Lost(reason="gone")
            return super()._outcome(request)

    outcome, _ = run(resolution, tmp_path, Losing())
    assert "lost 11 times" in failures(outcome)["pawsx"] and outcome.made["train"] == 5


def test_what_the_check_refuses_ends_the_run_before_the_first_step(resolution, tmp_path):
    class Refusing(FakeExecutor):
        def _outcome(self, request):
            return Failed(error="training.precision: fp16 does not go here", refused=True)

    executor = Refusing(places=4)
    with pytest.raises(RefusedError, match="fp16 does not go"):
        run(resolution, tmp_path, executor)
    assert executor.asked == []


def test_stages_of_finished_evaluations_are_not_made(resolution, tmp_path):
    """A store from which intermediate stages were removed: what is scored needs no stage before it."""
    run(resolution, tmp_path, FakeExecutor())
    store = Store(tmp_path)
    for digest in list(store.digests(STAGES)):
        store.quarantine(STAGES, digest)
    idle = FakeExecutor()
    run(resolution, tmp_path, idle)
    assert idle.asked == []


def test_a_damaged_parent_is_made_again_before_what_needs_it(resolution, tmp_path):
    run(resolution, tmp_path, FakeExecutor({"rte → pawsx": Failed(error="no")}))
    store = Store(tmp_path)
    (parent,) = [digest for digest, name in names_of(resolution).items() if name == "rte"]
    weights = store.path(STAGES, parent) / "encoder" / "model.safetensors"
    weights.chmod(0o644)
    weights.write_text("RTE")
    worker = FakeExecutor()
    outcome, said = run(resolution, tmp_path, worker)
    # The first attempt finds the damage.
    assert worker.asked[:4] == ["rte → pawsx", "rte", "rte → pawsx", "rte → pawsx → xnli"]
    assert "DAMAGED" in said and not outcome.failures
    assert store.verify(STAGES, parent) is not None


def test_a_damaged_evaluation_is_made_again_from_its_stage(resolution, tmp_path):
    run(resolution, tmp_path, FakeExecutor())
    store = Store(tmp_path)
    digest = next(iter(resolution.evaluation_digests.values()))
    answers = store.path(EVALUATIONS, digest) / "predictions.parquet"
    answers.chmod(0o644)
    answers.write_text("other")
    worker = FakeExecutor()
    run(resolution, tmp_path, worker)
    assert worker.asked == ["evaluation of xnli"]
    assert store.verify(EVALUATIONS, digest) is not None


def test_what_another_run_is_making_is_left_to_it(resolution, tmp_path):
    store = Store(tmp_path)
    names = names_of(resolution)
    (theirs,) = [digest for digest, name in names.items() if name == "xnli"]
    lock = store.lock(theirs)
    assert lock.try_acquire()
    worker = FakeExecutor()

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
    worker = FakeExecutor({"rte": Failed(error="no space", disk_full=True)})
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
    executor = FakeExecutor({"forgetting after rte": Failed(error="no")})
    outcome, _ = run(resolved, tmp_path / "store", executor)
    assert [name for name in executor.asked if name.startswith("forgetting")] == [
        "forgetting after rte",
        "forgetting after rte → xnli",
    ]
    assert outcome.made == {"train": 3, "evaluate": 2, "forgetting": 1}
    assert not outcome.failures and [str(stage) for stage in outcome.unmeasured] == ["rte (seed 1)"]
    assert len(Store(tmp_path / "store").digests(FORGETTING)) == 1

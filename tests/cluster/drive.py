"""Steps of an experiment through an executor alone, without a scheduler."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.config.executor_profile import ExecutorProfile
from harness.cost.resources import Resources
from harness.execution.events import Event, Failed, Finished, Interrupted, Lost, Outcome, Started
from harness.execution.executors.base import Executor, Handle, RunContext
from harness.execution.executors.registry import make_executor
from harness.execution.request import Roots, StepRequest
from harness.execution.steps.base import StepProgress
from harness.store.store import Store
from harness.training.manifest import STAGES, StageManifest
from tests.execution.experiment import make_experiment
from tests.execution.requests import step_requests


class Experiment:
    """Two stages and an evaluation, to be carried out undisturbed, in `whole`, and otherwise."""

    def __init__(self, folder: Path, settings: str, deepspeed: str = "zero2") -> None:
        file = make_experiment(folder, seeds="[1]", orders="[[rte]]", settings=settings)
        file.write_text(file.read_text().replace("deepspeed: zero2", f"deepspeed: {deepspeed}"))
        self.data = folder / "data"
        self.requests = [
            request.model_copy(update={"resume_every": 0.5}) for request in step_requests(file, self.data)
        ]
        self.first = self.requests[0]
        self.whole = Store(folder / "whole")

    def twin(self) -> StepRequest:
        """The first stage under another digest: at work beside it, to the same weights."""
        step = self.first.step.model_copy(update={"digest": "0" * 32})
        return self.first.model_copy(update={"attempt": "test/twin", "label": "twin", "step": step})


def executor(profile: ExecutorProfile, store: Store, data: Path, run: str = "run-1") -> Executor:
    folder = store.layout.runs / run
    folder.mkdir(parents=True, exist_ok=True)
    context = RunContext(run, "tiny-orders", folder, Roots.here(store.layout.root, data))
    return make_executor(profile, context)


ALONE = Resources()


@dataclass
class Driven:
    """What was heard of each step, by its label."""

    heard: dict[str, list[Event]] = field(default_factory=dict)
    handles: dict[str, Handle] = field(default_factory=dict)

    def outcomes(self, request: StepRequest) -> list[Outcome]:
        return [event for event in self.heard[request.label] if isinstance(event, Outcome)]

    def starts(self, request: StepRequest) -> list[Started]:
        return [event for event in self.heard[request.label] if isinstance(event, Started)]

    def is_training(self, request: StepRequest, steps: int = 500) -> bool:
        """Whether so many optimizer steps are done."""
        heard = self.heard.get(request.label, [])
        return any(isinstance(event, StepProgress) and event.completed >= steps for event in heard)


def drive(
    run: Executor,
    requests: Sequence[StepRequest],
    *,
    resources: Resources = ALONE,
    during: Callable[[Driven], None] = lambda driven: None,
    seconds: float = 1200,
) -> Driven:
    """Carry out steps, each once what it needs is in the store; lost and interrupted ones again."""
    driven, limit = Driven(), time.monotonic() + seconds
    missing = list(requests)
    made: set[str] = set()
    labels: dict[str, StepRequest] = {}
    run.require([resources])
    while missing or labels:
        assert time.monotonic() < limit, driven.heard
        for request in [one for one in missing if {*one.step.dependencies} <= made]:
            if run.capacity() == 0:
                break
            handle = run.submit(request.model_copy(update={"resources": resources}))
            missing.remove(request)
            labels[handle.attempt] = request
            driven.handles[request.label] = handle
        for told in run.events(1.0):
            request = labels[told.handle.attempt]
            driven.handles[request.label] = told.handle
            driven.heard.setdefault(request.label, []).append(told.event)
            match told.event:
                case Finished():
                    made.add(request.step.digest)
                    del labels[told.handle.attempt]
                case Interrupted() | Lost():
                    del labels[told.handle.attempt]
                    again = {"attempt": f"{request.attempt}+", "lost": (*request.lost, request.attempt)}
                    missing.append(request.model_copy(update=again))
                case Failed(error=error):
                    raise AssertionError(error)
        during(driven)
    return driven


def stage(store: Store, request: StepRequest) -> StageManifest:
    manifest = store.get(STAGES, request.step.digest)
    assert manifest is not None, request.label
    return manifest


def largest_difference(first: Store, second: Store, request: StepRequest) -> float:
    """Of any weight of a stage between two stores."""
    from safetensors.torch import load_file

    folders = [store.path(STAGES, request.step.digest) / "classifier" for store in (first, second)]
    ours, theirs = (
        {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}
        for folder in folders
    )
    assert ours.keys() == theirs.keys() and ours
    return max(float((ours[name] - theirs[name]).abs().max()) for name in ours)


def weights(store: Store, request: StepRequest) -> dict[str, str]:
    """Checksums of a stage's weights, read anew."""
    folder = store.path(STAGES, request.step.digest)
    found = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*.safetensors"))
    }
    assert found
    return found

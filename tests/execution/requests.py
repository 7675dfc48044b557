"""Requests for the steps of an experiment, as an executor is given them."""

from pathlib import Path

from harness.config.load import load_sequences
from harness.execution.attempt_folder import AttemptFolder
from harness.execution.executors.base import RunContext
from harness.execution.planned_steps import all_steps, step_of
from harness.execution.request import Roots, StepRequest
from harness.planning.tree import Plan
from harness.resolved_plan import resolve
from harness.store.store import Store


def step_requests(file: Path, data: Path) -> list[StepRequest]:
    """All steps of a sequence file, each after those that it needs."""
    (loaded,) = load_sequences([file])
    resolved = resolve(Plan.of(loaded), data)
    return [
        StepRequest(attempt=f"test/{number}", label=str(one), step=step_of(resolved, one), data_dir=data)
        for number, one in enumerate(all_steps(resolved))
    ]


def run_context(folder: Path) -> RunContext:
    """The run of an experiment's folder, for an executor that a test makes itself."""
    store = Store(folder / "store")
    roots = Roots.here(store.layout.root, folder / "data")
    return RunContext(name="test", sequence="tiny-orders", folder=store.layout.runs / "test", roots=roots)


def write_request(request: StepRequest, store: Store, data: Path | None) -> AttemptFolder:
    """Lay a request down where `python -m harness.execution.run_step` finds it."""
    attempt = AttemptFolder(store.layout.runs / "test" / "steps" / request.attempt.replace("/", "-"))
    attempt.folder.mkdir(parents=True)
    request.write(attempt.request, Roots.here(store.layout.root, data))
    return attempt

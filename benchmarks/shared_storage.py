"""How long a plan of 10,000 stages takes to begin on a file system where each call takes 5 ms."""

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.report import Report
from harness.config.executor_profile import LOCAL
from harness.config.load import load_sequences
from harness.execution.executors.base import Executor, Handle, StepEvent
from harness.execution.planned_steps import all_steps
from harness.execution.reporter import Reporter
from harness.execution.request import StepRequest
from harness.execution.runner import Runner
from harness.execution.step_requests import StepRequests
from harness.execution.steps.base import ENTRY_KINDS
from harness.planning.tree import Plan
from harness.resolved_plan import ResolvedPlan, resolve
from harness.store.store import Store
from tests.execution.experiment import make_experiment

_SEEDS = 1_112
_STAGES_OF_A_SEED = 9
_DELAY = 0.005
_CALLS = (
    "stat",
    "lstat",
    "open",
    "mkdir",
    "rename",
    "replace",
    "unlink",
    "link",
    "scandir",
    "listdir",
    "utime",
)


class _BegunError(Exception):
    """The first step was handed over."""


class _FirstStep(Executor):
    def capacity(self) -> int:
        return 64

    def submit(self, request: StepRequest) -> Handle:
        raise _BegunError

    def events(self, seconds: float) -> list[StepEvent]:
        return []

    def cancel(self, handle: Handle) -> None: ...

    def close(self) -> None: ...


def run(report: Report, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = make_experiment(folder, seeds=str(list(range(_SEEDS))))
        (loaded,) = load_sequences([file])
        resolved = resolve(Plan.of(loaded), folder / "data")
        stages = len(resolved.plan.stages)
        assert stages == _SEEDS * _STAGES_OF_A_SEED
        store = Store(folder / "store")
        _half_finished(resolved, store)
        with _slow(folder / "store") as calls:
            began = time.monotonic()
            _begin(resolved, folder / "store")
            seconds = time.monotonic() - began
        report.note(f"a plan of {stages:,} stages, half of it finished, begins", seconds, "s", "60 s")
        report.note("  calls to its file system", float(len(calls)), "calls", "none")


def _half_finished(resolved: ResolvedPlan, store: Store) -> None:
    steps = list(all_steps(resolved))
    for step in steps[: len(steps) // 2]:
        store.path(ENTRY_KINDS[step.kind], step.digest).mkdir(parents=True)


def _begin(resolved: ResolvedPlan, folder: Path) -> None:
    requests = StepRequests(resolved, "run", LOCAL, 1, 60.0, 20.0)
    reporter = Reporter(Console(file=io.StringIO()), works=1, samples=1, items=1)
    try:
        Runner(resolved, Store(folder), _FirstStep, requests, reporter).run()
    except _BegunError:
        return
    raise AssertionError("nothing was begun")


@contextmanager
def _slow(folder: Path) -> Iterator[list[str]]:
    """Delay each call to the system that names a path below a folder."""
    calls: list[str] = []

    def delayed(call: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*arguments: Any, **named: Any) -> Any:
            path = arguments[0] if arguments else "."
            if isinstance(path, str | os.PathLike) and str(path).startswith(str(folder)):
                calls.append(call.__name__)
                time.sleep(_DELAY)
            return call(*arguments, **named)

        return slow

    saved = {name: getattr(os, name) for name in _CALLS}
    opened = io.open
    try:
        for name, call in saved.items():
            setattr(os, name, delayed(call))
        io.open = delayed(opened)  # type: ignore[assignment]
        yield calls
    finally:
        for name, call in saved.items():
            setattr(os, name, call)
        io.open = opened  # type: ignore[assignment]

"""The executor that carries steps out in the run's own process."""

import os
from pathlib import Path

import pytest

from harness.execution.events import Failed, Started
from harness.execution.executors.inline import InlineExecutor, InlineSettings
from harness.training import distributed
from tests.execution.experiment import make_experiment
from tests.execution.requests import run_context, step_requests


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InlineExecutor:
    # What torchrun, or a notebook's earlier cell, has left.
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.setenv(name, "1")
    return InlineExecutor(InlineSettings(), run_context(tmp_path))


def test_it_forgets_the_group_that_a_launcher_has_announced(executor: InlineExecutor) -> None:
    assert "RANK" not in os.environ and "WORLD_SIZE" not in os.environ


def test_a_step_that_cannot_even_begin_is_told_of(
    executor: InlineExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_group() -> None:
        raise RuntimeError("no group of processes")

    monkeypatch.setattr(distributed, "start_process_group", no_group)
    file = make_experiment(tmp_path, orders="[[]]", seeds="[1]")
    executor.submit(step_requests(file, tmp_path / "data")[0])
    told = [*executor.events(60.0), *executor.events(1.0)]
    assert [type(one.event) for one in told] == [Started, Failed]
    assert isinstance(told[1].event, Failed) and "no group of processes" in told[1].event.error
    assert executor.capacity() == 1

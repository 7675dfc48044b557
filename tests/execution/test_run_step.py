"""A step as a process that is started by somebody else: given a folder, it needs nothing more."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.execution.attempt import run_request
from harness.execution.attempt_folder import AttemptFolder, EventReader
from harness.execution.events import Busy, Failed, Finished, Interrupted
from harness.execution.run_step import exit_code
from harness.execution.steps.base import StepProgress
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import environment, wait_for
from tests.execution.experiment import make_experiment
from tests.execution.requests import step_requests, write_request


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("experiment")
    make_experiment(folder, orders="[[rte]]", seeds="[1]", settings="steps: 60")
    return folder


def start(attempt: AttemptFolder, folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    with attempt.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "harness.execution.run_step", str(attempt.folder), *words],
            env=environment(folder),
            stdout=log,
            stderr=log,
        )


def reported(attempt: AttemptFolder) -> bool:
    return any(isinstance(event, StepProgress) for event in EventReader(attempt).new())


def weights(store: Store, digest: str) -> dict[str, str]:
    manifest = store.get(STAGES, digest)
    assert manifest is not None
    return {name: record.sha256 for name, record in manifest.files.items() if name.endswith(".safetensors")}


def test_a_stage_goes_on_after_a_signal_where_the_store_has_moved_to(
    experiment: Path, tmp_path: Path
) -> None:
    first = step_requests(experiment / "tiny-orders.yaml", experiment / "data")[0]
    whole = Store(tmp_path / "whole")
    undisturbed = write_request(first, whole, experiment / "data")
    assert start(undisturbed, experiment).wait() == 0
    assert isinstance(undisturbed.outcome, Finished)

    store = Store(tmp_path / "store")
    attempt = write_request(first, store, experiment / "data")
    process = start(attempt, experiment)
    wait_for(lambda: reported(attempt))
    process.send_signal(signal.SIGUSR1)
    assert process.wait(30) == 75
    assert isinstance(attempt.outcome, Interrupted)
    saved = attempt.outcome.saved
    assert saved is not None and saved < 60

    # The disk is now mounted elsewhere, on a machine whose cache is empty and whose data lie elsewhere.
    (tmp_path / "store").rename(tmp_path / "moved")
    shutil.copytree(experiment / "data", tmp_path / "data")
    store, request = Store(tmp_path / "moved"), first.model_copy(update={"attempt": "test/again"})
    again = write_request(request, store, experiment / "data")
    assert start(again, tmp_path, "--data-dir", str(tmp_path / "data")).wait() == 0
    manifest = store.get(STAGES, first.step.digest)
    assert manifest is not None and manifest.result.resumed_from_step == saved
    assert weights(store, first.step.digest) == weights(whole, first.step.digest)


def test_what_another_process_makes_is_left_to_it(experiment: Path, tmp_path: Path) -> None:
    first = step_requests(experiment / "tiny-orders.yaml", experiment / "data")[0]
    store = Store(tmp_path / "store")
    with store.lock(first.step.digest, "theirs"):
        outcome = run_request(first, store, experiment / "data", lambda event: None, lambda: False)
    assert isinstance(outcome, Busy) and str(os.getpid()) in outcome.owner
    assert exit_code(outcome) == 75


def test_the_first_error_of_several_ranks_is_the_cause(tmp_path: Path) -> None:
    attempt = AttemptFolder(tmp_path)
    attempt.end_rank(1, Failed(error="its disk is full"))
    attempt.end_rank(0, Failed(error="the other one is gone"))
    attempt.end(Interrupted())
    assert attempt.outcome == Failed(error="rank 1: its disk is full")


@pytest.mark.slow
def test_the_error_of_any_rank_is_heard(experiment: Path, tmp_path: Path) -> None:
    first = step_requests(experiment / "tiny-orders.yaml", experiment / "data")[0]
    attempt = write_request(first, Store(tmp_path / "store"), experiment / "data")
    module = f"{sys.executable} -m harness.execution.run_step {attempt.folder} --distributed"
    # The second rank's machine cannot keep what it makes of the rows.
    line = f"[ $RANK = 1 ] && export XSTILTS_CACHE=/proc/nowhere; exec {module}"
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    ranks = subprocess.run(
        [*launcher, "--no-python", "sh", "-c", line],
        env=environment(experiment),
        capture_output=True,
        check=False,
    )
    assert ranks.returncode != 0
    assert isinstance(attempt.outcome, Failed)
    assert attempt.outcome.error.startswith("rank 1: ") and "/proc/nowhere" in attempt.outcome.error


@pytest.mark.slow
def test_a_collective_that_one_rank_never_joins_is_noticed(experiment: Path, tmp_path: Path) -> None:
    first = step_requests(experiment / "tiny-orders.yaml", experiment / "data")[0]
    request = first.model_copy(update={"stall_seconds": 5.0})
    attempt = write_request(request, Store(tmp_path / "store"), experiment / "data")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    line = [*launcher, "-m", "harness.execution.run_step", str(attempt.folder), "--distributed"]
    process = subprocess.Popen(line, env=environment(experiment), stdout=subprocess.DEVNULL)
    wait_for(lambda: reported(attempt))
    for rank in psutil.Process(process.pid).children():
        if rank.environ().get("RANK") == "1":
            rank.suspend()
    wait_for(lambda: attempt.outcome is not None, 90)
    for rank in psutil.Process(process.pid).children():
        rank.kill()
    process.wait()
    assert isinstance(attempt.outcome, Failed) and "no step was done for 5 s" in attempt.outcome.error

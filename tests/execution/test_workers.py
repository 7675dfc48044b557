"""Local workers with real processes: errors, signals, leftover variables; none harms the next step."""

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness.execution.executors.local import LocalExecutor, LocalSettings
from harness.execution.executors.places import TooFewDevicesError, places
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import WITH_FAULTS, processes_of, wait_for, xstilts
from tests.execution.experiment import make_experiment
from tests.execution.requests import run_context


@pytest.mark.parametrize("processes", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_failed_stage_takes_no_other_with_it(tmp_path: Path, processes: str) -> None:
    """The next stage went to processes that were about to end, and was recorded as failed too."""
    file = make_experiment(tmp_path, orders="[[rte], [pawsx]]", seeds="[1]")
    rows = tmp_path / "data" / "glue" / "rte" / "train.tsv"
    variables = {"PYTHONPATH": WITH_FAULTS, "XSTILTS_TEST_ERROR": "rte"}
    assert rows.is_file()
    run = xstilts(tmp_path, "--processes", processes, "--workers", "1", file=file, variables=variables)
    assert isinstance(run, subprocess.CompletedProcess)
    assert re.search(
        r"FAILED  rte \(seed 1\): (rank 1: )?RuntimeError: CUDA error: device-side assert", run.stdout
    )
    assert "2 stages trained" in run.stdout and "1 evaluations made" in run.stdout, run.stdout
    trained = {stage.path for stage in Store(tmp_path / "store").all(STAGES)}
    assert trained == {("pawsx",), ("pawsx", "xnli")}
    # After an error that nobody foresaw, as CUDA's are, which stay, a new worker takes the next stage.
    assert len(list((tmp_path / "store").glob("runs/*/worker-*.log"))) == 2


LEFT_BEHIND = {
    "RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "3", "MASTER_ADDR": "192.0.2.1", "MASTER_PORT": "1",
    "PET_NNODES": "2", "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "OMPI_COMM_WORLD_RANK": "1",
}  # fmt: skip
"""A launcher's variables, which keep a worker waiting for processes that there are not."""


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGUSR1, marks=pytest.mark.slow)])
def test_the_first_signal_saves_a_resume_point_and_says_what_is_lost(tmp_path: Path, number: int) -> None:
    file = make_experiment(tmp_path, rows=1600, orders="[[]]", seeds="[1]")
    run = xstilts(tmp_path, "--workers", "1", file=file, wait=False, variables=LEFT_BEHIND)
    assert isinstance(run, subprocess.Popen)
    building = (tmp_path / "store" / "building").glob
    wait_for(lambda: bool(list(building("*/training_log.jsonl"))))
    run.send_signal(number)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 128 + number
    assert "optimizer steps are saved; nothing is lost" in out and "Traceback" not in out
    assert list(building("*/resume/*/complete.json")), "points are saved every minute, so it is the signal's"
    assert not processes_of(tmp_path / "store")


@pytest.mark.slow
def test_the_second_signal_ends_the_run_at_once(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, rows=1600, orders="[[]]", seeds="[1]")
    # A worker that does not answer, as in a long call into a library.
    run = xstilts(tmp_path, "--workers", "1", "--stop-seconds", "500", file=file, wait=False)
    assert isinstance(run, subprocess.Popen)
    wait_for(lambda: bool(list((tmp_path / "store" / "building").glob("*/training_log.jsonl"))))
    for worker in processes_of(tmp_path / "store"):
        os.kill(worker, signal.SIGSTOP)
    run.send_signal(signal.SIGINT)
    assert run.stdout is not None
    while "stopping:" not in run.stdout.readline():
        pass
    run.send_signal(signal.SIGINT)
    assert run.wait(5) == -signal.SIGINT
    for worker in processes_of(tmp_path / "store"):
        os.kill(worker, signal.SIGCONT)
    wait_for(lambda: not processes_of(tmp_path / "store"), 10)


@pytest.mark.parametrize(
    ("workers", "processes", "memory", "expected"),
    [
        (None, 1, None, [("0",), ("1",)]),
        (None, 1, 12_000_000_000, [("0",), ("1",)] * 4),
        (None, 1, 30_000_000_000, [("0",), ("1",)] * 2),
        (None, 2, 30_000_000_000, [("0", "1")]),
        (3, 1, 30_000_000_000, [("0",), ("1",), ("0",)]),
    ],
)
def test_workers_share_a_gpu_where_the_estimate_lets_them(
    monkeypatch, tmp_path: Path, workers, processes, memory, expected
) -> None:
    two_gpus(monkeypatch, tmp_path)
    assert list(places(workers, processes, memory).devices) == expected


@pytest.mark.parametrize(
    ("workers", "processes", "memory", "words"),
    [
        (None, 3, None, "--processes 3: each process needs a GPU of its own, and there are 2"),
        (2, 2, None, "--workers 2 × --processes 2: that takes 4 GPUs, there are 2"),
        (5, 1, 30_000_000_000, "a stage takes about 30.0 GB, so 2 fit on each GPU; lower --workers to 4"),
    ],
)
def test_more_than_the_gpus_take_is_refused_before_anything_starts(
    monkeypatch, tmp_path: Path, workers, processes, memory, words
) -> None:
    two_gpus(monkeypatch, tmp_path)
    with pytest.raises(TooFewDevicesError, match=words):
        places(workers, processes, memory)


def two_gpus(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A driver that tells of two GPUs with 80 GB each."""
    driver = folder / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 81559\necho 81559\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")


def test_a_path_for_temporary_files_that_is_too_long_for_a_socket_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("job" * 40)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    LocalExecutor(LocalSettings(), run_context(tmp_path)).close()
    assert not list(long.iterdir())

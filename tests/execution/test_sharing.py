"""Several runs and readers on one store, as from several machines on a shared folder."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import (
    begun,
    command,
    environment,
    listening_ports,
    processes_of,
    wait_for,
    weights,
    xstilts,
)
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow


def from_another_machine(folder: Path, number: int, file: Path, *words: str) -> "subprocess.Popen[str]":
    """Start a run with nothing in common with others but the folder of store and data."""
    own = folder / f"machine-{number}"
    own.mkdir()
    line = command(
        "run", str(file), "--data-dir", str(folder / "data"), "--store", str(folder / "store"),
        "--leaderboards", str(own / "leaderboards"), "--workers", "1", *words,
    )  # fmt: skip
    private = {"XSTILTS_CACHE": str(own / "cache"), "HOME": str(own), "TMPDIR": str(own)}
    variables = environment(folder) | private
    return subprocess.Popen(
        line, env=variables, cwd=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_dead_machines_work_is_taken_over_without_a_human(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte], [pawsx]]", seeds="[1]")
    assert xstilts(tmp_path, file=file).returncode == 0
    expected = weights(tmp_path)
    (tmp_path / "store").rename(tmp_path / "whole")
    first = from_another_machine(tmp_path, 1, file)
    wait_for(lambda: bool(list((tmp_path / "store").glob("building/*/training_log.jsonl"))))
    second = from_another_machine(tmp_path, 2, file)
    wait_for(lambda: bool(list((tmp_path / "store").glob(f"runs/*-{second.pid}"))))
    first.kill()
    first.communicate(timeout=600)
    done = set(Store(tmp_path / "store").digests(STAGES))
    out, _ = second.communicate(timeout=1800)
    assert second.returncode == 0, out
    assert weights(tmp_path) == expected
    assert not begun(tmp_path / "store", second.pid) & done


def test_three_machines_train_no_stage_twice_while_readers_look_on(tmp_path):
    file = make_experiment(tmp_path, orders="all", seeds="[1]")
    reader = f"""
import sys, time
from pathlib import Path
from harness.evaluation.job import EVALUATIONS
from harness.training.manifest import STAGES
from harness.store.store import Store
store, looks = Store(Path({str(tmp_path / "store")!r})), 0
while not Path({str(tmp_path / "over")!r}).exists():
    for kind in (STAGES, EVALUATIONS):
        for digest in store.digests(kind):
            assert store.verify(kind, digest) is not None
    looks += 1
    time.sleep(0.05)
print(looks)
"""
    line, variables = [sys.executable, "-c", reader], environment(tmp_path)
    readers = [subprocess.Popen(line, env=variables, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    runs = [from_another_machine(tmp_path, number, file) for number in range(3)]
    outs = [run.communicate(timeout=1800)[0] for run in runs]
    (tmp_path / "over").touch()
    assert [run.returncode for run in runs] == [0, 0, 0], outs
    # What one run is asked to train while another trains it is left to that one.
    trained = [int(count) for out in outs for count in re.findall(r"(\d+) stages? trained", out)]
    assert len(trained) == 3 and sum(trained) == 9, outs
    assert [reader.wait(60) for reader in readers] == [0, 0, 0]
    boards = [tmp_path / f"machine-{number}" / "leaderboards" for number in range(3)]
    tables = {(folder / "tiny-orders.csv").read_bytes() for folder in boards}
    assert len(tables) == 1


def test_runs_of_several_processes_choose_free_ports_and_leave_none_behind(tmp_path):
    file = make_experiment(tmp_path, rows=240, orders="[[rte], [pawsx]]", seeds="[1, 2]")
    runs = [from_another_machine(tmp_path, number, file, "--processes", "2") for number in range(2)]
    seen: set[int] = set()
    while any(run.poll() is None for run in runs):
        seen |= listening_ports(processes_of(tmp_path / "store"))
        try:
            runs[0].wait(0.3)
        except subprocess.TimeoutExpired:
            continue
    outs = [run.communicate(timeout=1800)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outs
    assert len(seen) >= 2
    assert not processes_of(tmp_path / "store")


def test_a_killed_run_leaves_no_process_behind(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte]]", seeds="[1]")
    for processes in ("1", "2"):
        run = xstilts(tmp_path, "--processes", processes, file=file, wait=False)
        wait_for(lambda: bool(list((tmp_path / "store").glob("building/*/training_log.jsonl"))))
        os.kill(run.pid, signal.SIGKILL)
        wait_for(lambda: not processes_of(tmp_path / "store"), 20)
        run.communicate(timeout=30)
        (tmp_path / "store").rename(tmp_path / f"store-{processes}")

"""Signals, hung workers, and kills at any moment: nothing finished is lost, nothing is trained twice."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.execution.command import (
    begun,
    finished,
    processes_of,
    results,
    wait_for,
    weights,
    worker_of,
    xstilts,
)
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("XSTILTS_TEST_KILLS", "50"))


def is_training(folder: Path) -> bool:
    return bool(list((folder / "store" / "building").glob("*/training_log.jsonl")))


def is_evaluating(folder: Path) -> bool:
    requests = list((folder / "store").glob("runs/*/*/worker-*/request-*.json"))
    return any('"kind":"evaluate"' in path.read_text() for path in requests)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["start", "training", "evaluation"])
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_signal_stops_a_run_cleanly_and_it_goes_on(tmp_path, number, code, moment, processes):
    file = make_experiment(tmp_path, rows=480, orders="[[]]", seeds="[1]")
    run = xstilts(tmp_path, "--processes", processes, file=file, wait=False)
    if moment == "start":
        assert run.stdout.readline()
    else:
        wait_for(lambda: (is_training if moment == "training" else is_evaluating)(tmp_path))
    run.send_signal(number)
    sent = time.monotonic()
    out, _ = run.communicate(timeout=60)
    assert time.monotonic() - sent < 10
    assert run.returncode == code, out
    assert "stopped; the same command goes on" in out and "Traceback" not in out
    wait_for(lambda: not processes_of(tmp_path / "store"), 5)
    again = xstilts(tmp_path, "--processes", processes, file=file)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_hung_worker_is_ended_with_a_message_and_the_run_goes_on(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte], [pawsx]]", seeds="[1]")
    run = xstilts(tmp_path, "--workers", "1", "--stall-minutes", "0.3", file=file, wait=False)
    wait_for(lambda: is_training(tmp_path))
    os.kill(worker_of(tmp_path / "store"), signal.SIGSTOP)
    out, _ = run.communicate(timeout=600)
    assert run.returncode == 1
    assert "FAILED  rte (seed 1): the worker neither reported nor computed for 18 s and was ended" in out
    assert "2 stages trained" in out and not processes_of(tmp_path / "store")
    page = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    assert "rte → xnli, seed 1: left out: rte (seed 1) failed" in page
    # Published later from the store alone, the page says the same.
    publish = xstilts(tmp_path, "--leaderboards", str(tmp_path / "later"), file=file, verb="publish")
    assert publish.returncode == 0
    assert (tmp_path / "later" / "tiny-orders.md").read_text() == page
    again = xstilts(tmp_path, file=file)
    assert again.returncode == 0
    assert "left out" not in (tmp_path / "leaderboards" / "tiny-orders.md").read_text()


def test_a_diverging_stage_is_recorded_and_listed(tmp_path):
    settings = "per_task: {rte: {learning_rate: 0.99}}"
    file = make_experiment(tmp_path, orders="[[], [rte]]", seeds="[1]", settings=settings)
    text = file.read_text().replace("max_length: 32", "max_length: 32\n  max_grad_norm: 1.0e+6")
    file.write_text(text)
    run = xstilts(tmp_path, file=file)
    page = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    if run.returncode:
        assert "the loss became" in run.stdout and "rte → xnli, seed 1: left out: rte (seed 1) failed" in page
    else:
        # It stayed a number: then the page says what became of it.
        assert "Did not learn" in page


def killed_at(run: "subprocess.Popen[str]", folder: Path, drawing: random.Random, longest: float) -> None:
    """Kill a run at a random time, or at a random change below its store and leaderboards."""
    if drawing.random() < 0.4:
        time.sleep(drawing.uniform(0.0, longest))
    else:
        changes, seen = drawing.randint(1, 60), -1
        until = time.monotonic() + 3 * longest
        while changes and run.poll() is None and time.monotonic() < until:
            now = sum(1 for part in ("store", "leaderboards") for _ in (folder / part).rglob("*"))
            changes -= now != seen
            seen = now
    victims = [run.pid] if drawing.random() < 0.7 else processes_of(folder / "store")[:1] or [run.pid]
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path, processes):
    # Kills with two processes take the other half of the moments.
    kills, drawing = KILLS // 2, random.Random(int(processes))
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    words = ("--processes", processes)
    whole = make_experiment(tmp_path / "whole", rows=96, orders="[[], [rte], [rte, pawsx]]", seeds="[1]")
    began = time.monotonic()
    undisturbed = xstilts(tmp_path / "whole", *words, file=whole)
    longest = time.monotonic() - began
    assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr

    folder = tmp_path / "killed"
    file = make_experiment(folder, rows=96, orders="[[], [rte], [rte, pawsx]]", seeds="[1]")
    file.write_text(file.read_text().replace(str(folder / "model"), str(tmp_path / "whole" / "model")))
    for kill in range(kills):
        before = finished(folder / "store") if (folder / "store").exists() else set()
        run = xstilts(folder, *words, file=file, wait=False)
        killed_at(run, folder, drawing, longest)
        out, _ = run.communicate(timeout=300)
        assert "Traceback" not in out, f"kill {kill}: {out}"
        assert not begun(folder / "store", run.pid) & before, f"kill {kill}: trained again"
        wait_for(lambda: not processes_of(folder / "store"), 60)
        if not run.returncode and drawing.random() < 0.5:
            # All is done: begin anew, so that the moments left fall into work.
            (folder / "store").rename(folder / f"done-{kill}")
    last = xstilts(folder, *words, file=file)
    assert last.returncode == 0, last.stdout + last.stderr
    assert weights(folder) == weights(tmp_path / "whole")
    ours, theirs = results(folder), results(tmp_path / "whole")
    for found in (ours, theirs):
        found["json"]["board"]["provenance"].pop("sequence_sha256")
    assert ours == theirs
    assert not list((folder / "store" / "building").iterdir())

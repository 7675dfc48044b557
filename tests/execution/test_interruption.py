"""Signals, hung workers, and kills at any moment: nothing finished is lost, nothing is trained twice."""

import os
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import (
    FREQUENT_POINTS,
    WITH_FAULTS,
    begun,
    faulty,
    finished,
    processes_of,
    results,
    submitted,
    wait_for,
    weights,
    worker_of,
    xstilts,
)
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow

# At least; each of the operations below is hit in any case.
KILLS = int(os.environ.get("XSTILTS_TEST_KILLS", "20"))


def is_training(folder: Path) -> bool:
    return bool(list((folder / "store" / "building").glob("*/training_log.jsonl")))


def is_evaluating(folder: Path) -> bool:
    return any(one.kind == "evaluate" for one in submitted(folder / "store"))


@pytest.mark.parametrize(
    ("number", "code", "processes"), [(signal.SIGINT, 130, "1"), (signal.SIGTERM, 143, "2")]
)
def test_a_signal_in_training_keeps_the_resume_point(tmp_path, number, code, processes):
    file = make_experiment(tmp_path, rows=1600, orders="[[]]", seeds="[1]")
    run = xstilts(tmp_path, "--processes", processes, file=file, wait=False, variables=FREQUENT_POINTS)
    points = (tmp_path / "store" / "building").glob
    wait_for(lambda: bool(list(points("*/resume/*/complete.json"))))
    stopped_by(run, number, code)
    assert list(points("*/resume/*/complete.json"))
    wait_for(lambda: not processes_of(tmp_path / "store"), 5)
    again = xstilts(tmp_path, "--processes", processes, file=file)
    assert again.returncode == 0, again.stdout + again.stderr
    (stage,) = Store(tmp_path / "store").all(STAGES)
    assert stage.result.resumed_from_step > 0


@pytest.mark.parametrize(
    ("number", "code", "processes"), [(signal.SIGINT, 130, "2"), (signal.SIGTERM, 143, "1")]
)
@pytest.mark.parametrize("moment", ["start", "evaluation"])
def test_a_signal_at_any_other_moment_stops_a_run_and_it_goes_on(tmp_path, number, code, moment, processes):
    file = make_experiment(tmp_path, rows=80, orders="[[]]", seeds="[1]")
    run = xstilts(tmp_path, "--processes", processes, file=file, wait=False)
    if moment == "start":
        assert run.stdout.readline()
    else:
        wait_for(lambda: is_evaluating(tmp_path))
    stopped_by(run, number, code)
    wait_for(lambda: not processes_of(tmp_path / "store"), 5)
    again = xstilts(tmp_path, "--processes", processes, file=file)
    assert again.returncode == 0, again.stdout + again.stderr
    assert ("0 stages trained, 1 reused" in again.stdout) == (moment == "evaluation")


def stopped_by(run: "subprocess.Popen[str]", number: int, code: int) -> None:
    run.send_signal(number)
    sent = time.monotonic()
    out, _ = run.communicate(timeout=60)
    assert time.monotonic() - sent < 10
    assert run.returncode == code, out
    assert "stopped; the same command goes on" in out and "Traceback" not in out


def test_a_hung_worker_is_ended_with_a_message_and_the_run_goes_on(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte], [pawsx]]", seeds="[1]")
    run = xstilts(tmp_path, "--workers", "1", "--stall-minutes", "0.3", file=file, wait=False)
    wait_for(lambda: is_training(tmp_path))
    os.kill(worker_of(tmp_path / "store"), signal.SIGSTOP)
    out, _ = run.communicate(timeout=1800)
    assert run.returncode == 1
    # Stopped before its first step is reported, or after it.
    silent = "(neither reported nor computed|reported nothing, in the midst of its steps,)"
    assert re.search(rf"FAILED  rte \(seed 1\): the worker {silent} for 18 s and was ended", out), out
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


def test_a_stale_lock_of_a_kernel_compilation_is_named_and_the_worker_ended(tmp_path):
    file = make_experiment(tmp_path, rows=16, orders="[[]]", seeds="[1]")
    extensions = tmp_path / "extensions"
    lock = extensions / "own_kernel" / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    (tmp_path / "kernel.cpp").write_text("int one() { return 1; }\n")
    variables = {
        "PYTHONPATH": WITH_FAULTS,
        "TORCH_EXTENSIONS_DIR": str(extensions),
        "XSTILTS_TEST_KERNEL": str(tmp_path / "kernel.cpp"),
    }
    run = xstilts(tmp_path, "--workers", "1", "--stall-minutes", "0.3", file=file, variables=variables)
    assert run.returncode == 1
    assert "neither reported nor computed for 18 s and was ended" in run.stderr
    assert f"to compile a kernel: where none does, remove {lock}" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr and not processes_of(tmp_path / "store")


def test_stale_locks_of_deepspeeds_kernels_stop_nothing_since_none_is_compiled(tmp_path):
    file = make_experiment(tmp_path, rows=16, orders="[[]]", seeds="[1]")
    extensions = tmp_path / "extensions"
    for name in ("deepspeed_shm_comm", "cpu_adam", "fused_adam", "async_io", "utils"):
        (extensions / name).mkdir(parents=True)
        (extensions / name / "lock").touch()
    before = sorted(extensions.rglob("*"))
    words = ("--processes", "2", "--deepspeed", "zero3_offload")
    run = xstilts(tmp_path, *words, file=file, variables={"TORCH_EXTENSIONS_DIR": str(extensions)})
    assert run.returncode == 0, run.stdout + run.stderr
    assert sorted(extensions.rglob("*")) == before


def test_a_loss_that_is_no_number_fails_its_stage_and_stands_on_the_page(tmp_path):
    from safetensors.torch import load_file, save_file

    file = make_experiment(tmp_path, rows=16, orders="[[]]", seeds="[1]")
    path = tmp_path / "model" / "model.safetensors"
    tensors = load_file(path)
    tensors["encoder.layer.0.output.dense.weight"][:] = 1e38
    save_file(tensors, path, metadata={"format": "pt"})
    run = xstilts(tmp_path, "--workers", "1", file=file)
    assert run.returncode == 1 and "Traceback" not in run.stdout + run.stderr
    assert "FAILED  xnli (seed 1): " in run.stdout and "became infinite or NaN at step 1" in run.stdout
    page = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    failed = page.split("## Failed runs")[1].split("##")[0]
    assert "xnli, seed 1: " in failed and "became infinite or NaN" in failed


# What a run does to files -> the paths by which a fault finds it, and how often it happens in a run.
OPERATIONS = {
    "a resume point": (r"/building/\w+/resume/", 12),
    "weights and log": (r"/building/\w+/(encoder|classifier|training_log)", 6),
    "a manifest": (r"/building/\w+/\.?manifest", 6),
    "shared weights": (r"/tensors/", 6),
    "a stage put in place": (r"/stages/\w+$", 3),
    "results of an evaluation": (r"/building/\w+/(results|predictions)", 2),
    "an evaluation put in place": (r"/evaluations/\w+$", 2),
    "a published page": (r"/leaderboards/", 20),
    "notes of a run": (r"/runs/.*/(attempts|worker)", 8),
    "a lock": (r"/locks/", 8),
    "tokenized rows": (r"/cache/tokenized/", 2),
}


@dataclass
class Killer:
    """Kills runs: every other one in the midst of a file operation, the others at a random time."""

    folder: Path
    words: tuple[str, ...]
    file: Path
    drawing: random.Random
    longest: float
    missed: list[str]
    kills: int = 0

    def run(self) -> tuple[int, int, str]:
        """Run until killed or done; return process id, exit code and all that was said."""
        at_operation = self.drawing.random() < 0.6
        name = self.missed[0] if self.missed else self.drawing.choice([*OPERATIONS])
        pattern, often = OPERATIONS[name]
        hit = self.folder / "hit"
        hit.unlink(missing_ok=True)
        variables = faulty(
            pattern if at_operation else "(?!)",
            self.drawing.randint(1, often),
            self.drawing.choice((0.0, self.drawing.uniform(0.0, 0.02))),
            hit,
        )
        words = (*self.words, "--workers", self.drawing.choice("112"))
        run = xstilts(self.folder, *words, file=self.file, wait=False, variables=variables)
        if not at_operation:
            self._kill_in_time(run)
        out, _ = run.communicate(timeout=1800)
        if hit.exists() and name in self.missed:
            self.missed.remove(name)
        self.kills += run.returncode != 0
        return run.pid, run.returncode, out

    def _kill_in_time(self, run: "subprocess.Popen[str]") -> None:
        with suppress(subprocess.TimeoutExpired):
            run.wait(self.drawing.uniform(0.0, self.longest))
        workers = processes_of(self.folder / "store") if self.drawing.random() < 0.3 else []
        with suppress(ProcessLookupError):
            os.kill(workers[0] if workers else run.pid, signal.SIGKILL)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path, processes):
    # Kills with two processes are the other half.
    words, orders = ("--processes", processes), "[[], [rte, pawsx]]"
    (tmp_path / "whole").mkdir()
    folder = tmp_path / "killed"
    folder.mkdir()
    whole = make_experiment(tmp_path / "whole", rows=96, orders=orders, seeds="[1]")
    began = time.monotonic()
    undisturbed = xstilts(tmp_path / "whole", *words, file=whole)
    longest = time.monotonic() - began
    assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
    expected, pages = weights(tmp_path / "whole"), results(tmp_path / "whole")

    file = make_experiment(folder, rows=96, orders=orders, seeds="[1]")
    file.write_text(file.read_text().replace(str(folder / "model"), str(tmp_path / "whole" / "model")))
    killer = Killer(folder, words, file, random.Random(int(processes)), longest, [*OPERATIONS])
    store = folder / "store"
    while killer.kills < KILLS // 2 or killer.missed:
        before = finished(store) if store.exists() else set()
        pid, code, out = killer.run()
        assert "Traceback" not in out, f"kill {killer.kills}: {out}"
        assert not begun(store, pid) & before, f"kill {killer.kills}: trained again"
        wait_for(lambda: not processes_of(store), 60)
        if code == 0:
            # All is done: begin anew, so that the moments left fall into work.
            assert weights(folder) == expected and results(folder) == pages
            for part in ("store", "leaderboards", "cache"):
                (folder / part).rename(folder / f"done-{killer.kills}-{pid}-{part}")
    last = xstilts(folder, *words, file=file)
    assert last.returncode == 0, last.stdout + last.stderr
    assert weights(folder) == expected and results(folder) == pages
    assert not list((store / "building").iterdir())

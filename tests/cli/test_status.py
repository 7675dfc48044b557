"""`xstilts status` reads what runs keep below the store, whoever asks."""

import os
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.status import command
from harness.execution.attempt_journal import NAME, AttemptRecord
from harness.execution.run_status import RunStatus, StatusFile, StepStatus
from harness.store.layout import Layout
from harness.store.lock import LOST_SECONDS, EntryLock

HERE, THERE = "a" * 32, "b" * 32


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "store")


def said(layout: Layout) -> str:
    result = CliRunner().invoke(command, ["--store", str(layout.root)])
    assert result.exit_code == 0, result.output
    return result.output


def run_of(layout: Layout, leaves: str = "", name: str = "r") -> Path:
    now = time.time()
    folder = layout.runs / name
    folder.mkdir(parents=True, exist_ok=True)
    attempts = [("r/a", HERE, "rte (seed 1)", "r/steps/a/log"), ("r/b", THERE, "pawsx (seed 1)", None)]
    records = [
        AttemptRecord(attempt=attempt, digest=digest, kind="train", label=label, log=log, submitted=now - 200)
        for attempt, digest, label, log in attempts
    ]
    (folder / NAME).write_text("".join(f"{record.model_dump_json()}\n" for record in records))
    where, progress = "job 7_0 on node3, process 9", "step 30/60"
    running = StepStatus(attempt="r/a", where=where, progress=progress, started=now - 125)
    queued = StepStatus(attempt="r/b", where="job 7_1")
    StatusFile(folder).write(
        RunStatus(
            run=name,
            sequence="orders",
            executor="slurm",
            finished=3,
            waiting=4,
            steps=(running, queued),
            leaves=leaves,
        )
    )
    return folder / "status.json"


def age(path: Path) -> None:
    long_ago = time.time() - LOST_SECONDS - 60
    os.utime(path, (long_ago, long_ago))


def test_a_run_is_shown_with_what_runs_and_what_waits(layout: Layout) -> None:
    run_of(layout)
    lines = said(layout).splitlines()
    assert lines[0].startswith("orders: run r, executor slurm")
    assert lines[1] == "  3 finished, 0 failed, 1 running, 1 queued, 4 waiting"
    running = "  running rte (seed 1)  TIME  job 7_0 on node3, process 9  step 30/60  log: "
    assert re.sub(r"2 min \d+ s", "TIME", lines[2]) == f"{running}{layout.runs}/r/steps/a/log"
    assert lines[3] == "  queued  pawsx (seed 1)  3 min 20 s  job 7_1"


def test_a_run_that_is_silent_is_shown_only_as_far_as_it_left_jobs(layout: Layout) -> None:
    age(run_of(layout))
    assert said(layout) == f"nothing runs in {layout.root}\n"

    age(run_of(layout, leaves="2 jobs go on"))
    assert "the run has ended; 2 jobs go on" in said(layout) and "rte (seed 1)" in said(layout)
    entry = layout.root / "stages" / HERE
    entry.mkdir(parents=True)
    (entry / "manifest.json").touch()
    assert "rte (seed 1)" not in said(layout) and "pawsx (seed 1)" in said(layout)


def test_what_a_run_left_and_another_found_again_is_shown_once(layout: Layout) -> None:
    run_of(layout, leaves="2 jobs go on")
    run_of(layout, name="s")
    assert said(layout).count("rte (seed 1)") == 1 and "run s" in said(layout)


def test_what_a_process_makes_for_no_known_run_is_shown(layout: Layout) -> None:
    with EntryLock(layout.lock(HERE)):
        assert f"{HERE[:12]}  " in said(layout) and f"process {os.getpid()}" in said(layout)
    assert "nothing runs" in said(layout)

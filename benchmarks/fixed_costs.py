"""What a run of the quickstart costs apart from training: bars of 1 to 3 s each, on an idle machine."""

import io
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import yaml
from rich.console import Console

from benchmarks.report import Report
from harness.config.load import load_sequences
from harness.execution.attempt_journal import attempts_of
from harness.execution.options import RunOptions
from harness.execution.run import publish_plan
from harness.execution.run import run as run_sequence
from harness.planning.tree import Plan
from harness.resolved_plan import resolve
from harness.resources import shipped
from harness.store.store import Store


def run(report: Report, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _one_step_each(folder)
        words = ["--store", str(folder / "store"), "--leaderboards", str(folder / "boards"), "--workers", "1"]
        line = [sys.executable, "-m", "harness.cli.main", "run", str(file), *words]
        subprocess.run(line, check=True, capture_output=True)
        report.note("a worker's first stage over later ones", _first_over_later(folder / "store"), "s", "3 s")
        subprocess.run(line, check=True, capture_output=True)
        for _ in range(repeats):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.monotonic()
            subprocess.run(line, check=True, capture_output=True)
            seconds = time.monotonic() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            report.note("quickstart, everything in the store", seconds, "s", "3 s")
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            report.note("  of it the processor's time", used, "s", "none")
        _parts(report, file, folder)


def _one_step_each(folder: Path) -> Path:
    """Return the quickstart's plan with stages of one optimizer step."""
    content = yaml.safe_load((shipped("sequences") / "quickstart.yaml").read_text(encoding="utf-8"))
    training = content["training"]
    del training["epochs"]
    training |= {"steps": 1, "train_rows": 64, "per_task": {}}
    file = folder / "quickstart.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def _first_over_later(store: Path) -> float:
    """Return the seconds from the first request to the end of the first stage, over those of a later one."""
    (folder,) = (store / "runs").iterdir()
    records = sorted(attempts_of(folder).values(), key=lambda one: one.submitted)
    stages = [(one.submitted, after.submitted) for one, after in pairwise(records) if one.kind == "train"]
    later = median(end - begin for begin, end in stages[1:])
    return stages[0][1] - records[0].submitted - later


def _parts(report: Report, file: Path, folder: Path) -> None:
    """Note how long resolving and publishing take where the libraries are imported already."""
    options = RunOptions(store=folder / "store", leaderboards=folder / "boards")
    (loaded,) = load_sequences([file])
    run_sequence(loaded, options, Console(file=io.StringIO()))
    began = time.monotonic()
    resolved = resolve(Plan.of(loaded), None)
    report.note("resolve the quickstart", time.monotonic() - began, "s", "1 s")
    began = time.monotonic()
    publish_plan(resolved, [Store(folder / "store")], options, {})
    report.note("publish the quickstart as it is", time.monotonic() - began, "s", "1 s")
    for picture in (folder / "boards").glob("*.png"):
        picture.unlink()
    began = time.monotonic()
    publish_plan(resolved, [Store(folder / "store")], options, {})
    report.note("publish the quickstart with pictures drawn anew", time.monotonic() - began, "s", "none")

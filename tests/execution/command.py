"""The real command line on an experiment's folder, and what it leaves there."""

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from harness.evaluation.job import EVALUATIONS
from harness.execution.attempt_journal import AttemptRecord, attempts_of
from harness.report.table import Table
from harness.store.store import Store
from harness.training.manifest import STAGES

ROOT = Path(__file__).resolve().parents[2]
FREQUENT_POINTS = {"XSTILTS_RESUME_MINUTES": "0.001"}
"""The variables by which a run saves a resume point every few steps."""
WITH_FAULTS = os.pathsep.join(map(str, (ROOT / "tests" / "execution" / "faults", ROOT)))
"""The PYTHONPATH of processes that are to load `faults/sitecustomize.py`."""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness.cli.main", *words]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "XSTILTS_CACHE": str(folder / "cache"),
    }


def faulty(pattern: str, count: int, delay: float, hit: Path) -> dict[str, str]:
    """Return the variables by which a run kills one of its processes at a file operation (see faults/).

    Resume points are frequent, so that kills fall into saves, too.
    """
    fault = {"pattern": pattern, "count": count, "delay": delay, "hit": str(hit)}
    return {"PYTHONPATH": WITH_FAULTS, "XSTILTS_TEST_FAULT": json.dumps(fault)} | FREQUENT_POINTS


def xstilts(
    folder: Path,
    *words: str,
    file: Path,
    wait: bool = True,
    verb: str = "run",
    variables: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[str] | subprocess.Popen[str]":
    """Run a sequence file with the data, store and leaderboards of a folder; later words override these."""
    line = command(
        verb, str(file), "--data-dir", str(folder / "data"), "--store", str(folder / "store"),
        "--leaderboards", str(folder / "leaderboards"), *words,
    )  # fmt: skip
    all_variables = environment(folder) | dict(variables or {})
    if wait:
        return subprocess.run(line, env=all_variables, capture_output=True, text=True, check=False)
    return subprocess.Popen(
        line, env=all_variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def weights(folder: Path) -> dict[str, str]:
    """Digest of a stage -> checksums of its weights."""
    return {
        manifest.digest: json.dumps(
            {name: record.sha256 for name, record in manifest.files.items() if name.endswith(".safetensors")}
        )
        for manifest in Store(folder / "store").all(STAGES)
    }


def published(folder: Path) -> dict[str, str]:
    """Name -> checksum of the published files."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "leaderboards").iterdir())
        if not path.name.startswith(".")
    }


def results(folder: Path, name: str = "tiny-orders") -> dict[str, Any]:
    """All that is published and does not say when or how fast it was made.

    The predictions, the pictures and the tables as CSV and LaTeX byte by byte; the page and the seeds' table
    without training times; the JSON file without times and the checksums of manifests, which hold times.
    """
    boards = folder / "leaderboards"
    found: dict[str, Any] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(boards.iterdir())
        if path.suffix in (".parquet", ".png", ".svg", ".csv", ".tex") and path.name.startswith(name)
    }
    seeds = f"{name}.seeds.csv"
    if seeds in found:
        with (boards / seeds).open(newline="", encoding="utf-8") as file:
            found[seeds] = [row | {"training_seconds": None} for row in csv.DictReader(file)]
    content = json.loads((boards / f"{name}.json").read_text())
    content["board"]["provenance"].pop("created")
    content["board"].get("compute", {}).pop("device_seconds", None)
    for row in content["board"]["rows"]:
        for seed in row["seeds"]:
            seed.pop("train_seconds")
            seed.pop("manifests")
    return found | {"json": content, "page": _without_times((boards / f"{name}.md").read_text())}


def _without_times(page: str) -> list[list[str]]:
    lines, column = [], None
    for line in page.splitlines():
        if line.startswith(("- Numbers: ", "**Compute:**")):
            # The checksum of the JSON file, and what the stages took.
            continue
        cells = Table.cells(line) or [line]
        if "training s" in cells:
            column = cells.index("training s")
        elif len(cells) == 1:
            column = None
        # Rules and widths of columns go with the longest number.
        lines.append([cell for place, cell in enumerate(cells) if place != column and cell.strip(":-")])
    return lines


def wait_for(condition: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_of(store: Path) -> list[int]:
    """The living workers of a store's runs, with their launchers."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "harness.execution.worker" in words and any(str(store) in word for word in words):
            found.append(process.pid)
    return found


def worker_of(store: Path) -> int:
    """The process id of the worker that serves a store's run."""
    (worker, *_) = processes_of(store)
    return worker


def finished(store: Path) -> set[str]:
    """The digests of all entries that lie finished in a store."""
    opened = Store(store)
    return {*opened.digests(STAGES), *opened.digests(EVALUATIONS)}


def submitted(store: Path, run: str = "*") -> list[AttemptRecord]:
    """What runs of a store handed to their workers; `run` is the process id of one."""
    return [one for folder in store.glob(f"runs/*-{run}") for one in attempts_of(folder).values()]


def begun(store: Path, run: int) -> set[str]:
    """The digests of the stages that the run of a process id asked its workers to train."""
    return {one.digest for one in submitted(store, str(run)) if one.kind == "train"}


def listening_ports(pids: list[int]) -> set[int]:
    """The TCP ports on which processes listen."""
    ports = set()
    for pid in pids:
        with suppress(psutil.Error):
            connections = psutil.Process(pid).net_connections("tcp")
            ports |= {found.laddr.port for found in connections if found.status == psutil.CONN_LISTEN}
    return ports

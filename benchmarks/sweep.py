"""A whole sweep against a shell loop (R5): three intermediates, lengths 0 to 2, one target, few rows.

R5 trains every stage of every sequence anew, each in a process of its own (Trainer at its best), and scores
the last with a bare loop. Its 25 stages are alike, and so are its 10 evaluations: one sequence of a stage and
a target is timed, and multiplied. Bars: 3 times R5; the harness's own time at most 20% of the wall; a warm
stage's fixed cost at most 1 s; the store at most 471 MB and 95 MB a stage.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.material import encoder
from benchmarks.report import Report, side
from harness.store.store import Store
from harness.training.manifest import STAGES

TASKS, TARGET, ROWS, ITEMS = ("mini_qa", "mini_acceptability", "mini_sentiment"), "mini_nli", 64, 40
LENGTHS = (0, 1, 2)
LANGUAGES = ("en", "de", "es", "fr", "sw", "zh")
SCORED = [f"mini_nli_{language}" for language in LANGUAGES]


def run(report: Report, repeats: int) -> None:
    ours, theirs = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_harness(Path(folder)))
            if not theirs:
                _own_time(report, Path(folder) / "store", ours[0])
        with tempfile.TemporaryDirectory() as folder:
            theirs.append(_shell_loop(Path(folder)))
    report.add("sweep, harness", ours, "s")
    report.add("sweep, shell loop, from its parts", theirs, "s")
    report.ratio("sweep: shell loop to harness", theirs, ours, "3")
    report.add("fixed cost of a warm stage", [side("warm-stage")["seconds"] for _ in range(repeats)], "s")


def _harness(folder: Path) -> float:
    file = folder / "sweep.yaml"
    file.write_text(
        f"name: sweep\nmodel: embedded:e5-small\nintermediates: [{', '.join(TASKS)}]\n"
        f"orders: {{lengths: {list(LENGTHS)}}}\ntargets: [{TARGET}]\nseeds: [1]\n"
        f"training: {{epochs: 1, learning_rate: 5.0e-5, batch_size: 16, max_length: 128, train_rows: {ROWS}, "
        "freeze_embeddings: true}\n"
        f"deepspeed: zero2\nevaluation: {{tasks: [{', '.join(SCORED)}], limit: {ITEMS}}}\n"
    )
    command = [sys.executable, "-m", "harness.cli.main", "run", str(file), "--store", str(folder / "store")]
    started = time.perf_counter()
    subprocess.run([*command, "--leaderboards", str(folder / "boards")], check=True, capture_output=True)
    return time.perf_counter() - started


def _own_time(report: Report, folder: Path, wall: float) -> None:
    manifests = list(Store(folder).all(STAGES))
    trained = sum(manifest.result.seconds for manifest in manifests)
    scored = sum(json.loads(file.read_text())["result"]["seconds"]
                 for file in (folder / "evaluations").glob("*/manifest.json"))  # fmt: skip
    workers = len(list((folder / "runs").glob("*/worker-*.log")))
    share = 1 - (trained + scored) / (workers * wall)
    report.note("sweep: share of the wall outside training and evaluation", 100 * share, "%", "20%")
    size = sum(file.stat().st_size for file in (folder / "tensors").rglob("*") if file.is_file()) / 1e6
    report.note(f"store of {len(manifests)} stages, beyond the first 471 MB", (size - 471) / len(manifests),
                "MB/stage", "95 MB")  # fmt: skip


def _shell_loop(folder: Path) -> float:
    current, stages = str(encoder()), (TASKS[0], TARGET)
    began = time.perf_counter()
    for task in stages:
        output = folder / task
        side("trainer-stage", encoder_folder=current, task=task, rows=ROWS, output=str(output))
        current = str(output / "classifier")
    trained = time.perf_counter()
    side("evaluate-sorted-loop", checkpoint=str(output), limit=ITEMS, tasks=SCORED)
    scored = time.perf_counter()
    orders = [order for length in LENGTHS for order in itertools.permutations(TASKS, length)]
    count = sum(len(order) + 1 for order in orders)
    return (trained - began) / len(stages) * count + (scored - trained) * len(orders)

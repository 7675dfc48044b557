"""What another machine changes: a stage trained and scored with other threads, processes, vector units.

The same processor with some of its instructions left unused stands for an older one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Report
from harness.evaluation.job import EVALUATIONS, PREDICTIONS
from harness.metrics.item_file import read_items
from harness.reproduction.weights import weights_difference
from harness.store.store import Store
from harness.training.manifest import STAGES

SEQUENCE = """\
name: machines
model: embedded:e5-small
targets: [mini_nli]
seeds: [1]
training: {epochs: 1, learning_rate: 8.0e-5, batch_size: 16, dropout: 0.0, max_length: 64,
  precision: PRECISION, freeze_embeddings: true, train_rows: 1400}
evaluation: {tasks: [mini_nli], limit: 100}
"""
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
MACHINES: dict[str, tuple[list[str], dict[str, str]]] = {
    "the same again": ([], {}),
    "two threads": ([], {"OMP_NUM_THREADS": "2"}),
    "two processes": (["--processes", "2"], {}),
    "ZeRO 3": (["--deepspeed", "zero3"], {}),
    "AVX2 only": ([], AVX2),
}


# In fp32, which takes long, what changes most.
COMPARED = {"bf16": tuple(MACHINES), "fp32": ("two threads", "AVX2 only")}


def run(report: Report, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        for precision, machines in COMPARED.items():
            folder = Path(name) / precision
            folder.mkdir()
            (folder / "machines.yaml").write_text(SEQUENCE.replace("PRECISION", precision))
            first = _run(folder, "first", [], {})
            for machine in machines:
                words, variables = MACHINES[machine]
                _compare(report, f"{precision}, {machine}", first, _run(folder, machine, words, variables))


def _run(folder: Path, name: str, words: list[str], variables: dict[str, str]) -> Store:
    store = folder / name.replace(" ", "-")
    command = [
        sys.executable, "-m", "harness.cli.main", "run", str(folder / "machines.yaml"), "--workers", "1",
        "--store", str(store), "--leaderboards", str(folder / "leaderboards"), *words,
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | variables
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return Store(store)


def _compare(report: Report, name: str, first: Store, other: Store) -> None:
    stages = []
    answers = []
    for store in (first, other):
        (stage,) = store.digests(STAGES)
        (evaluation,) = store.digests(EVALUATIONS)
        entry = store.entry(STAGES, stage)
        assert entry is not None
        stages.append(entry)
        answers.append(read_items(store.path(EVALUATIONS, evaluation) / PREDICTIONS))
    difference = weights_difference(*stages)
    weight = difference.largest if difference else 0.0
    one, another = answers
    pairs = [(one[task], another[task]) for task in one]
    changed = [len(own.predictions.differing(other.predictions)) / len(own) for own, other in pairs]
    accuracy = [abs(own.score - other.score) for own, other in pairs]
    report.add(f"{name}: largest difference of a weight", [1e6 * weight], "e-6")
    report.add(f"{name}: answers that changed", [100 * value for value in changed], "%")
    report.add(f"{name}: change of a language's accuracy", [100 * value for value in accuracy], "points")

"""What grows with the number of sequences: plans, a leaderboard of 5,000 evaluations, and statistics."""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Report, side
from harness.report.publish import publish
from tests.report.experiments import experiment

NINE = "mnli, qqp, qnli, sst2, cola, mrpc, rte, squad_v2, hellaswag"


def run(report: Report, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for lengths, bar in (("0, 1, 2, 3, 4", 2.0), (", ".join(map(str, range(10))), 5.0)):
            file = _sequence(folder, lengths)
            command = [sys.executable, "-m", "harness.cli.main", "plan", str(file)]
            seconds = report.measured(
                f"plan of 9 intermediates, lengths 0 to {lengths[-1]}",
                lambda: subprocess.run(command, check=True, capture_output=True),  # noqa: B023
                repeats,
            )
            report.note("  that against its bar", seconds / bar, "of bar", f"{bar:g} s")
        orders = [()] + [
            order for size in (1, 2, 3, 4, 5) for order in itertools.permutations("abcdef", size)
        ]
        simulated = experiment(folder, orders=orders[:1000], seeds=(1, 2, 3, 4, 5), items=30)
        seconds = report.measured(
            "leaderboard of 5,000 evaluations (6 languages, 30 items)",
            lambda: publish(simulated.board, folder / "leaderboards", simulated.predictions),
            1,
        )
        report.note("  that against its bar", seconds / 20, "of bar", "20 s")
    found = side("statistics", sequences=200, seeds=5, items=5010)
    name = "statistics of 200 sequences x 5 seeds x 15 languages x 5,010"
    report.note(name, found["processor_seconds"], "s", "120 s")
    report.note("  their peak memory", found["peak_gb"], "GB", "4 GB")
    found = side("rendering", sequences=54, seeds=5, items=200, languages=40)
    name = "page, HTML, CSV and LaTeX of 54 sequences x 5 seeds x 40 languages"
    report.note(name, found["processor_seconds"], "s", "10 s")
    report.note("  the HTML page without its pictures", found["html_mb"], "MB", "3 MB")


def _sequence(folder: Path, lengths: str) -> Path:
    file = folder / "nine.yaml"
    file.write_text(
        f"name: nine\nmodel: xlm-roberta-base\nintermediates: [{NINE}]\norders: {{lengths: [{lengths}]}}\n"
        "targets: [xnli]\nseeds: [1]\ntraining: {epochs: 1, learning_rate: 1.0e-5, batch_size: 16}\n"
        "deepspeed: zero2\nevaluation: {tasks: [xtreme_xnli_en]}\n"
    )
    return file

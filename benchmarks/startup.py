"""How long a user waits for the answers that need no training. Bar: under 1 s each."""

import subprocess
import sys
from functools import partial

from benchmarks.report import Report
from harness.resources import shipped


def run(report: Report, repeats: int) -> None:
    files = sorted(map(str, shipped("sequences").glob("*.yaml")))
    answers = [["--help"], ["list", "sequences"], ["list", "tasks"], ["validate", *files]]
    answers += [["plan", file] for file in files[:1]]
    for arguments in answers:
        command = [sys.executable, "-m", "harness.cli.main", *arguments]
        name = " ".join(["xstilts", *(argument.rsplit("/", 1)[-1] for argument in arguments)])
        report.measured(
            name[:60], partial(subprocess.run, command, check=True, capture_output=True), repeats + 2
        )

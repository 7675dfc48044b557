"""The command line in a process of its own, with what lies in one folder."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def xstilts(folder: Path, *words: str) -> str:
    """Run a command in a folder, with the data and cache below it; it must succeed. Return what it prints."""
    variables = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "XSTILTS_CACHE": str(folder / "cache"),
        "XSTILTS_DATA": str(folder / "data"),
    }
    command = [sys.executable, "-m", "harness.cli.main", *words]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=folder)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    return ran.stdout

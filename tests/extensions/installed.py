"""Distributions of others, installed into a folder, and commands that find them there."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def install(name: str, folder: Path) -> Path:
    """Install a distribution of this folder as pip does."""
    source = ROOT / "tests" / "extensions" / name
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--target", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def xstilts(installed: Path | None, folder: Path, *words: str, code: int = 0) -> str:
    """Run a command with what is installed in a folder, see its exit code, and return what it prints."""
    places = [str(ROOT), *([str(installed)] if installed else [])]
    variables = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(places),
        "XSTILTS_HOME": str(folder / "home"),
        "XSTILTS_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-m", "harness.cli.main", *words]
    ran = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout + ran.stderr

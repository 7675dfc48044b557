"""The benchmarks are no tests, but they must still run."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = {"__init__", "__main__", "sides"}


@pytest.mark.parametrize(
    "name", sorted({path.stem for path in (ROOT / "benchmarks").glob("*.py")} - PROGRAMS)
)
def test_what_a_benchmark_imports_exists(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")


@pytest.mark.slow
def test_a_benchmark_prints_and_stores_what_it_measures(tmp_path: Path) -> None:
    words = ["-m", "benchmarks", "startup", "--repeats", "1", "--output", str(tmp_path / "found.json")]
    run = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    results = json.loads((tmp_path / "found.json").read_text())["results"]
    assert {"xstilts --help", "xstilts list tasks"} <= {result["name"] for result in results}
    assert all(result["name"][:60] in run.stdout for result in results)

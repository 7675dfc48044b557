"""The same sequence file in two copies of the project: the same weights and leaderboard, byte by byte."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import ROOT, command, published, results, weights
from tests.execution.experiment import make_experiment

PARTS = (
    "harness",
    "tasks",
    "sequences",
    "deepspeed_configs",
    "executors",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
)


def cloned(folder: Path) -> Path:
    """Copy what a fresh clone holds; nothing that an earlier run left comes along."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    file = make_experiment(folder / "own", orders="[[], [rte, pawsx]]", seeds="[1, 2]")
    file.write_text(file.read_text().replace(str(folder / "own" / "model"), "../own/model"))
    shutil.move(file, folder / "sequences" / "tiny-orders.yaml")
    return folder


def xstilts(clone: Path, *words: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XSTILTS")}
    variables |= {"PYTHONPATH": str(clone), "HOME": str(clone), "TMPDIR": str(clone), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command(*words), env=variables, cwd=clone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_copies_of_the_project_make_the_same_bytes(tmp_path: Path) -> None:
    clones = [cloned(tmp_path / "one"), cloned(tmp_path / "in" / "another" / "place")]
    for clone in clones:
        words = ("--data-dir", "own/data", "--store", "store", "--leaderboards", "leaderboards")
        said = xstilts(clone, "run", "sequences/tiny-orders.yaml", *words)
        assert "8 stages trained, 0 reused; 4 evaluations made" in said
    one, other = clones
    assert weights(one) == weights(other) and len(weights(one)) == 8
    assert results(one) == results(other)
    same = {name for name, digest in published(one).items() if published(other)[name] == digest}
    assert {"tiny-orders.csv", "tiny-orders.tex", "tiny-orders.predictions.parquet"} <= same
    assert sum(name.endswith((".svg", ".png")) for name in same) >= 4
    # Neither copy's place is named in what was published, and what one published holds in the other.
    for path in (one / "leaderboards").glob("tiny-orders.*"):
        assert str(tmp_path).encode() not in path.read_bytes()
    shutil.copytree(one / "leaderboards", other / "from-one")
    xstilts(other, "verify", "from-one/tiny-orders.md")


@pytest.mark.slow
def test_a_manifest_and_the_lock_file_say_what_a_row_needs(tmp_path: Path) -> None:
    clone = cloned(tmp_path / "one")
    places = ("--data-dir", "own/data", "--store", "store")
    run = ("run", "sequences/tiny-orders.yaml", "--leaderboards", "leaderboards", "--seeds", "1")
    xstilts(clone, *run, *places)
    locked = set(re.findall(r"(?m)^([a-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text().lower()))
    for manifest in Store(clone / "store").all(STAGES):
        needed = {name.replace("-", "_") for name in manifest.environment.packages} - {"xstilts"}
        assert needed <= {name.replace("-", "_") for name in locked}
        assert len(manifest.result.members[0].data.fingerprint) == len(manifest.model_fingerprint) == 64
        assert manifest.deepspeed_config and manifest.environment.python and manifest.environment.hardware
    said = xstilts(clone, "reproduce", "leaderboards/tiny-orders.json", "--row", "2", *places)
    assert said.count("bit-identical") == 3 and said.rstrip().endswith("The same.")

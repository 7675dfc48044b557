"""Every shipped sequence file runs from data to leaderboard, on small local rows and a tiny random model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.planning.tree import Plan
from harness.resources import shipped
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.end_to_end.miniature import make_miniature

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(shipped("sequences").glob("*.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_runs_end_to_end_in_miniature(path: Path, tmp_path: Path) -> None:
    (loaded,) = load_sequences([path])
    copy = make_miniature(loaded, tmp_path)
    command = [
        sys.executable, "-m", "harness.cli.main", "run", str(copy), "--data-dir", str(tmp_path / "data"),
        "--store", str(tmp_path / "store"), "--leaderboards", str(tmp_path / "boards"), "--limit", "12",
        "--workers", "1",
    ]  # fmt: skip
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        "XSTILTS_CACHE": str(tmp_path / "cache"),
    }
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]

    (small,) = load_sequences([copy])
    plan = Plan.of(small)
    trained = {manifest.path: manifest for manifest in Store(tmp_path / "store").all(STAGES)}
    # Two targets with the same rows and settings are one stage, under the path that came first.
    assert trained.keys() <= {stage.path for stage in plan.stages if stage.is_trained}
    for stage in (stage for stage in plan.stages if stage.path in trained):
        members = trained[stage.path].result.members
        wanted = small.spec.mixtures[stage.task].tasks if stage.task in small.spec.mixtures else None
        assert wanted is None or tuple(member.name for member in members) == wanted
        assert all(member.steps for member in members)
    name = f"{loaded.spec.name}-trial-12"
    board = json.loads((tmp_path / "boards" / f"{name}.json").read_text())["board"]
    assert len(board["rows"]) == len(plan.sequences)
    assert all(result["status"] == "ok" for row in board["rows"] for result in row["seeds"]), board["rows"]
    page = (tmp_path / "boards" / f"{name}.md").read_text()
    assert ("not zero-shot" in page) == (small.spec.few_shot is not None)
    assert all(f"**{name}** is a mixture" in page.replace("\\", "") for name in small.spec.mixtures)

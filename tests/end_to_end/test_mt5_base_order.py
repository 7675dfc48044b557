"""A stage that `xstilts run` left of a tiny mT5 gets the same scores from `xstilts eval`."""

import json

import pytest
import yaml

from harness.config.load import load_sequences
from harness.resources import shipped
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.end_to_end.command import xstilts
from tests.end_to_end.miniature import make_miniature

PATH = ("squad_v1", "commonsenseqa", "qqp", "pawsx")


@pytest.mark.slow
def test_three_kinds_of_task_before_a_target_are_trained_and_scored_alike_by_both_commands(tmp_path):
    (loaded,) = load_sequences([shipped("sequences") / "mt5-base-order.yaml"])
    file = make_miniature(loaded, tmp_path)
    content = yaml.safe_load(file.read_text())
    content |= {"orders": [list(PATH[:3])], "targets": ["pawsx"]}
    content["evaluation"]["tasks"] = ["xtreme_pawsx"]
    del content["training"]["precision"]
    file.write_text(yaml.safe_dump(content, sort_keys=False))

    assert "scoring pawsx" in xstilts(tmp_path, "plan", str(file), "--cost")
    assert "4 stages trained, 0 reused; 1 evaluations made" in xstilts(tmp_path, "run", str(file))
    (stage,) = (one for one in Store(tmp_path / ".xstilts" / "store").all(STAGES) if one.path == PATH)
    folder = tmp_path / ".xstilts" / "store" / "stages" / stage.digest
    xstilts(
        tmp_path, "eval", str(folder), "--tasks", "xtreme_pawsx", "--precision", "bf16", "--output", "again"
    )
    again = json.loads((tmp_path / "again" / "results.json").read_text())["results"]
    board = json.loads((tmp_path / "leaderboards" / "mt5-base-order.json").read_text())["board"]
    ((result,),) = (row["seeds"] for row in board["rows"])
    assert result["status"] == "ok"
    assert {task: again[task]["acc,none"] for task in result["scores"]} == result["scores"]

"""A target that nothing is trained for: its sequences end with their last intermediate stage."""

import json
import subprocess
import sys

import pytest

from harness.config.load import load_sequences
from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import decode
from tests.end_to_end.command import ROOT, xstilts
from tests.end_to_end.miniature import ROWS, make_miniature

SEQUENCE = """\
name: found
model: embedded:e5-small
intermediates: [mini_sentiment]
targets: [mini_nli, tatoeba, bucc2018]
seeds: [1, 2]
training: {epochs: 1, learning_rate: 1.0e-2, max_length: 64, precision: fp32}
evaluation:
  tasks: [mini_nli_en, mini_nli_de, xtreme_tatoeba_de, xtreme_tatoeba_sw, xtreme_bucc2018_zh]
  precision: fp32
"""


@pytest.mark.slow
def test_the_encoder_is_scored_as_the_last_stage_leaves_it_and_the_pretrained_one_beside_it(tmp_path):
    (tmp_path / "first.yaml").write_text(SEQUENCE.replace("found", "first"))
    copy = make_miniature(load_sequences([tmp_path / "first.yaml"])[0], tmp_path)
    plan = xstilts(tmp_path, "plan", str(copy))
    # The intermediate stage and two of mini_nli, of the one seed that is left; no stage of the others.
    assert "6 sequences" in plan and "3 stages" in plan
    assert plan.count("tatoeba (not trained: scores the encoder as it is here) ●") == 2
    places = ("--data-dir", str(tmp_path / "data"), "--store", str(tmp_path / "store"))
    boards = ("--leaderboards", str(tmp_path / "boards"), "--workers", "1")
    xstilts(tmp_path, "run", str(copy), *places, *boards)
    board = json.loads((tmp_path / "boards" / "first.json").read_text())["board"]
    rows = {(row["target"], len(row["order"])): row["seeds"][0] for row in board["rows"]}
    assert {result["status"] for result in rows.values()} == {"ok"}
    # Of the sequence that ends with the intermediate task its stage, of the baseline no stage at all.
    assert rows["tatoeba", 1]["stage_digest"] == rows["bucc2018", 1]["stage_digest"]
    assert rows["tatoeba", 1]["weights"] and not rows["tatoeba", 0]["weights"]
    assert len(list((tmp_path / "store" / "stages").iterdir())) == 3
    answers = {
        name: [decode(text) for text in tasks["xtreme_tatoeba_de"].predictions.decoded()]
        for (name, _), tasks in read_predictions(tmp_path / "boards" / "first.predictions.parquet").items()
        if "xtreme_tatoeba_de" in tasks
    }
    assert len(answers) == 2 and all(len(found) == ROWS for found in answers.values())
    page = (tmp_path / "boards" / "first.md").read_text()
    assert "Not trained for it, scored on Tatoeba" in page and "rained on tatoeba" not in page
    assert "Points above the pretrained model, by sequence and language" in page
    xstilts(tmp_path, "verify", str(tmp_path / "boards" / "first.json"))


def test_nothing_is_trained_on_a_corpus(tmp_path):
    (tmp_path / "wrong.yaml").write_text(
        SEQUENCE.replace("found", "wrong").replace("mini_sentiment", "tatoeba")
    )
    command = [sys.executable, "-m", "harness.cli.main", "validate", str(tmp_path / "wrong.yaml")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ran.returncode == 2
    assert "there is nothing to train on: a task of kind retrieval scores the encoder as it is" in ran.stderr

"""Targets of every kind in one leaderboard; one has 500 labels and a corpus beside the sequence file."""

import json
import shutil
from pathlib import Path

import pytest

from harness.config.load import load_sequences
from harness.metrics.item_file import read_predictions
from tests.end_to_end.command import xstilts
from tests.end_to_end.miniature import make_miniature
from tests.evaluation.models import make_encoder

LABELS = "[" + ", ".join(f"label{number}" for number in range(500)) + "]"
COLUMNS = f"""\
kind: classification
title: Many labels
inputs: [text]
label: label
labels: {LABELS}
"""
TASK = f"""\
name: many
{COLUMNS}scored_by: [many_labels]
sources:
  folder: {{path: many/train.tsv, format: tsv}}
"""
CORPUS = f"""\
name: many_labels
{COLUMNS}languages: [en, sw]
splits: [test]
sources:
  folder: {{path: "many/{{split}}-{{language}}.tsv", format: tsv}}
"""
SEQUENCE = """\
name: kinds
model: embedded:e5-small
intermediates: [mini_sentiment]
orders: {lengths: [0]}
targets: [tydiqa_en, panx_en, udpos, copa, many]
seeds: [1]
training: {epochs: 1, learning_rate: 1.0e-3, max_length: 64, precision: fp32}
evaluation:
  tasks:
    [xtreme_tydiqa_en, xtreme_tydiqa_ko,
     xtreme_panx_en, xtreme_panx_sw, xtreme_udpos_tr, xcopa_zh, many_labels]
  precision: fp32
overlap: drop
"""
METRICS = {
    "tydiqa_en": ["answer_f1", "exact_match"],
    "panx_en": ["span_f1", "token_accuracy"],
    "udpos": ["tag_chunk_f1", "token_accuracy"],
    "copa": ["accuracy"],
    "many": ["accuracy"],
}


@pytest.mark.slow
def test_every_kind_is_trained_scored_published_and_verified(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "many.yaml").write_text(TASK)
    (tmp_path / "tasks" / "many_labels.yaml").write_text(CORPUS)
    (tmp_path / "first.yaml").write_text(SEQUENCE.replace("kinds", "first"))
    (loaded,) = load_sequences([tmp_path / "first.yaml"])
    copy = make_miniature(loaded, tmp_path)
    # Words of every text: the miniature's own model knows few.
    shutil.rmtree(tmp_path / "model")
    make_encoder(tmp_path / "model")
    # A label beyond 127, which a table of int8 cannot hold.
    rows = (tmp_path / "data" / "many" / "test-sw.tsv").read_text().splitlines()
    rows[1] = rows[1].rsplit("\t", 1)[0] + "\tlabel499"
    (tmp_path / "data" / "many" / "test-sw.tsv").write_text("\n".join(rows) + "\n")
    xstilts(
        tmp_path, "run", str(copy), "--data-dir", str(tmp_path / "data"), "--store", str(tmp_path / "store"),
        "--leaderboards", str(tmp_path / "boards"), "--workers", "1",
    )  # fmt: skip
    board = json.loads((tmp_path / "boards" / "first.json").read_text())["board"]
    assert [result["status"] for row in board["rows"] for result in row["seeds"]] == ["ok"] * 5
    found = {}
    for (name, _), tasks in read_predictions(tmp_path / "boards" / "first.predictions.parquet").items():
        found[name.rsplit(" ", 1)[-1]] = [list(items.scores) for items in tasks.values()]
    assert {name: metrics[0] for name, metrics in found.items()} == METRICS
    xstilts(tmp_path, "verify", str(tmp_path / "boards" / "first.json"))

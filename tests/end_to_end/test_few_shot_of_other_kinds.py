"""Few-shot stages on sentences to tag and on questions, drawn from rows of the target language."""

import json
from pathlib import Path

import pytest

from harness.config.load import load_sequences
from tests.end_to_end.command import xstilts
from tests.end_to_end.miniature import make_miniature

SEQUENCE = """\
name: first
model: embedded:e5-small
orders: [[]]
targets: [panx_en, udpos, tydiqa_en]
few_shot: {language: [fi], k: [4], from: train}
seeds: [1]
training: {epochs: 1, learning_rate: 1.0e-3, max_length: 64, precision: fp32}
evaluation: {tasks: [xtreme_panx_fi, xtreme_udpos_fi, xtreme_tydiqa_fi], precision: fp32}
"""


@pytest.mark.slow
def test_tagging_and_questions_go_on_with_a_few_examples_of_the_target_language(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(SEQUENCE)
    copy = make_miniature(load_sequences([tmp_path / "first.yaml"])[0], tmp_path)
    xstilts(
        tmp_path, "run", str(copy), "--store", str(tmp_path / "store"),
        "--leaderboards", str(tmp_path / "boards"), "--workers", "1",
    )  # fmt: skip
    board = json.loads((tmp_path / "boards" / "first.json").read_text())["board"]
    found = {row["target"]: row["seeds"][0] for row in board["rows"]}
    few = {f"{target} → 4 fi (not zero-shot)" for target in ("panx_en", "udpos", "tydiqa_en")}
    assert few < found.keys() and {result["status"] for result in found.values()} == {"ok"}
    assert len({result["stage_digest"] for result in found.values()}) == 6

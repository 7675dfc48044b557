"""Mixtures, few-shot stages and reused heads through the real command line, from data to leaderboard."""

import json
import random
from pathlib import Path

import pytest

from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.experiment import make_experiment
from tests.execution.test_run import xstilts
from tests.training.models import WORDS

SETTINGS = """per_task:
    xnli: {head: reuse}
    both: {steps: 8}
few_shot: {language: [sw], k: [5, 10], training: {steps: 3}}
mixtures:
  both: {tasks: [rte, mnli, mlm], sampling: {temperature: 1000}}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("special")
    file = make_experiment(folder, settings=SETTINGS, orders="{lengths: [0, 1]}", seeds="[1]")
    file.write_text(file.read_text().replace("[rte, pawsx]", "[both]"))
    nli = (folder / "data" / "xtreme" / "xnli" / "train-en.tsv").read_text()
    (folder / "data" / "glue" / "mnli").mkdir()
    (folder / "data" / "glue" / "mnli" / "train.tsv").write_text("premise\thypothesis\tlabel\n" + nli)
    drawing = random.Random(5)
    sentences = [" ".join(drawing.choices(WORDS, k=12)) for _ in range(40)]
    (folder / "data" / "mlm").mkdir()
    for name in ("train", "dev"):
        (folder / "data" / "mlm" / f"{name}.txt").write_text("\n".join(sentences) + "\n")
    rows = [f"{' '.join(drawing.choices(WORDS, k=6))}\t{words}\tneutral" for words in sentences]
    (folder / "data" / "xtreme" / "xnli" / "dev-sw.tsv").write_text("\n".join(rows) + "\n")
    run = xstilts(folder, file=file)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder, run.stdout


@pytest.mark.slow
def test_a_mixture_passes_its_encoder_and_a_head_on(finished):
    folder, said = finished
    stages = {manifest.path: manifest for manifest in Store(folder / "store").all(STAGES)}
    mixed = stages["both",]
    assert [member.name for member in mixed.result.members] == ["rte", "mnli", "mlm"]
    assert [member.held_out is not None for member in mixed.result.members] == [False, False, True]
    assert mixed.sampling.temperature == 1000 and "held out: mlm masked_" in said
    for name in ("rte", "mnli", "mlm"):
        assert f"heads/{name}/config.json" in mixed.files
    assert stages["both", "xnli"].parent == mixed.digest
    assert stages["both", "xnli"].hyperparameters.head == "reuse"


@pytest.mark.slow
def test_few_shot_stages_follow_the_target_and_are_marked(finished):
    folder, _ = finished
    stages = {manifest.path: manifest for manifest in Store(folder / "store").all(STAGES)}
    for order in ((), ("both",)):
        for k in (5, 10):
            few = stages[*order, "xnli", f"{k} sw"]
            assert few.parent == stages[*order, "xnli"].digest
            assert (few.result.members[0].rows, few.result.steps) == (k, 3)
            assert few.result.members[0].data.source == "folder: xtreme/xnli/dev-sw.tsv"
    board = json.loads((folder / "leaderboards" / "tiny-orders.json").read_text())["board"]
    targets = {row["target"] for row in board["rows"]}
    assert targets == {"xnli", "xnli → 5 sw (not zero-shot)", "xnli → 10 sw (not zero-shot)"}
    assert all(result["status"] == "ok" for row in board["rows"] for result in row["seeds"])
    page = (folder / "leaderboards" / "tiny-orders.md").read_text()
    assert "both [en, mul] → xnli → 10 sw (not zero-shot)" in page.replace("\\", "")
    assert "is a mixture, one stage over several tasks" in page


@pytest.mark.slow
def test_rows_of_the_language_that_are_also_scored_are_refused(finished, tmp_path):
    folder, _ = finished
    scored = (folder / "data" / "xtreme" / "xnli" / "test-sw.tsv").read_text().splitlines()[0]
    place = folder / "data" / "xtreme" / "xnli" / "dev-sw.tsv"
    before = place.read_text()
    place.write_text(before + scored + "\n")
    run = xstilts(folder, file=folder / "tiny-orders.yaml")
    place.write_text(before)
    assert run.returncode == 2
    assert "xnli (sw, development): 1 row also in" in run.stdout + run.stderr

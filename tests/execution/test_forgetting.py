"""Forgetting measured by real runs of tiny models."""

import json

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.store.store import Store
from harness.training.manifest import FORGETTING, STAGES
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    file = make_experiment(folder, orders="[[rte], [rte, pawsx]]", seeds="[1]")
    data = folder / "data" / "glue" / "rte"
    (data / "dev.tsv").write_text((data / "train.tsv").read_text())

    def run(*words):
        found = CliRunner().invoke(
            cli,
            [
                "run", str(file), "--data-dir", str(folder / "data"), "--store", str(folder / "store"),
                "--leaderboards", str(folder / "boards"), "--workers", "2", *words,
            ],
        )  # fmt: skip
        assert found.exit_code == 0, found.output
        return found.output

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        before = run()
        file.write_text(file.read_text() + "forgetting: true\n")
        yield folder, before, run(), run()


def test_measuring_later_trains_nothing_again_and_measures_each_stage_once(measured):
    folder, before, after, again = measured
    assert "4 stages trained" in before
    assert "0 stages trained, 4 reused; 0 evaluations made, 2 reused" in after
    assert len(list(Store(folder / "store").all(FORGETTING))) == 4
    assert "reused  forgetting evaluation of rte → pawsx → xnli (seed 1)" in again


def test_under_its_own_encoder_a_head_scores_what_it_did_after_training(measured):
    folder, *_ = measured
    store = Store(folder / "store")
    rte = next(manifest for manifest in store.all(STAGES) if manifest.path == ("rte",))
    first = next(manifest for manifest in store.all(FORGETTING) if manifest.stage == rte.digest)
    (score,) = first.result.scores
    assert (score.place, score.task, score.metric) == (1, "rte", "accuracy")
    assert score.value == pytest.approx(rte.result.members[0].held_out.metrics["accuracy"])
    assert score.fingerprint == rte.result.members[0].held_out.fingerprint


def test_the_leaderboard_shows_and_verifies_backward_transfer(measured):
    folder, *_ = measured
    page = folder / "boards" / "tiny-orders.md"
    assert "### Forgetting: xnli" in page.read_text()
    content = json.loads(page.with_suffix(".json").read_text())
    rows = {row["sequence"]: row for row in content["sections"]["forgetting"]["xnli"]["rows"]}
    matrix = next(
        row["seeds"][0]["forgetting"] for row in content["board"]["rows"] if row["order"] == ["rte", "pawsx"]
    )
    assert [len(after) for after in matrix] == [1, 2, 3]
    assert [after[1] for after in matrix[1:]] == [None, None]
    assert rows["rte → pawsx → xnli"]["backward_transfer"]["mean"] == pytest.approx(
        matrix[2][0] - matrix[0][0]
    )
    assert CliRunner().invoke(cli, ["verify", str(page)]).exit_code == 0

"""The whole job on tiny models: training, evaluation and publishing through the real command line."""

import hashlib
import json
import os
import signal
import subprocess
import time

import pytest

from harness.evaluation.job import EVALUATIONS
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import (
    ROOT,
    WITH_FAULTS,
    command,
    published,
    submitted,
    wait_for,
    weights,
    worker_of,
    xstilts,
)
from tests.execution.experiment import LANGUAGES, make_experiment


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    file = make_experiment(folder)
    run = xstilts(folder, file=file)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder, file, run


def test_a_sequence_file_becomes_a_leaderboard(finished):
    folder, _, run = finished
    store = Store(folder / "store")
    assert "10 sequences" in run.stdout and "18 stages trained, 0 reused; 10 evaluations made" in run.stdout
    assert len(list(store.all(STAGES))) == 18
    assert len(list(store.all(EVALUATIONS))) == 10
    page = (folder / "leaderboards" / "tiny-orders.md").read_text()
    for sequence in ("rte → pawsx → xnli", "pawsx → rte → xnli"):
        assert sequence in page
    assert not list((folder / "store" / "building").iterdir())


def test_what_is_finished_is_not_made_again_and_publishes_the_same_bytes(finished):
    folder, file, _ = finished
    before = published(folder)
    again = xstilts(folder, file=file)
    assert again.returncode == 0
    assert "0 stages trained, 18 reused; 0 evaluations made, 10 reused" in again.stdout
    assert published(folder) == before


def test_frozen_base_tensors_are_shared_and_stages_load_as_hugging_face_folders(finished):
    from transformers import AutoModel, AutoModelForSequenceClassification

    folder, _, _ = finished
    store = Store(folder / "store")
    manifest = next(iter(store.all(STAGES)))
    place = store.path(STAGES, manifest.digest)
    classifier = AutoModelForSequenceClassification.from_pretrained(place / "classifier")
    encoder = AutoModel.from_pretrained(place / "encoder")
    assert classifier.config.num_labels == len(manifest.result.members[0].labels)
    assert encoder.config.hidden_size == 32


def test_scores_in_the_store_are_those_on_the_page(finished):
    folder, _, _ = finished
    board = json.loads((folder / "leaderboards" / "tiny-orders.json").read_text())["board"]
    results = [result for row in board["rows"] for result in row["seeds"]]
    store = Store(folder / "store")
    assert len(results) == 10
    for result in results:
        evaluation = store.get(EVALUATIONS, result["evaluation_digest"])
        assert evaluation is not None
        assert result["scores"] == {score.task: score.score for score in evaluation.result.scores}
        assert set(result["items"]) == {f"xtreme_xnli_{language}" for language in LANGUAGES}


def test_the_published_learning_curves_are_those_of_every_stage_in_the_store(finished):
    folder, _, _ = finished
    curves = json.loads((folder / "leaderboards" / "tiny-orders.json").read_text())["board"]["curves"]
    found = {(tuple(curve["stages"]), curve["seed"]): curve for curve in curves}
    stages = {(stage.path, stage.seed): stage.result for stage in Store(folder / "store").all(STAGES)}
    assert found.keys() == stages.keys()
    for key, curve in found.items():
        assert curve["steps"][-1] == stages[key].steps


def test_more_seeds_reuse_what_is_there(finished):
    folder, file, _ = finished
    plan = xstilts(folder, "--seeds", "1", "--leaderboards", str(folder / "fewer"), file=file)
    assert "0 stages trained, 9 reused" in plan.stdout


def test_publish_writes_the_same_leaderboard_from_the_store_alone(finished):
    folder, file, _ = finished
    before = published(folder)
    done = xstilts(folder, "--leaderboards", str(folder / "again"), file=file, verb="publish")
    assert done.returncode == 0, done.stderr
    again = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder / "again").iterdir()
        if not path.name.startswith(".")
    }
    assert again == before


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_stage_only(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte], [pawsx]]", seeds="[1]")
    run = xstilts(tmp_path, "--workers", "1", file=file, wait=False)
    wait_for(lambda: bool(list((tmp_path / "store" / "building").glob("*/training_log.jsonl"))))
    worker = worker_of(tmp_path / "store")
    os.kill(worker, signal.SIGKILL)
    out, _ = run.communicate(timeout=1800)
    assert run.returncode == 1
    assert "FAILED  rte (seed 1): the worker ended with code -9" in out
    # What the system does to a process when memory runs out looks the same.
    assert "for want of memory: out of memory: raise training.accumulation (now 1)" in out
    assert "1 stages trained" not in out and "2 stages trained" in out
    again = xstilts(tmp_path, file=file)
    assert again.returncode == 0 and "2 stages trained, 2 reused" in again.stdout


@pytest.mark.slow
def test_a_failed_stage_takes_its_descendants_along_and_nothing_else(tmp_path):
    file = make_experiment(tmp_path, seeds="[1]")
    variables = {"PYTHONPATH": WITH_FAULTS, "XSTILTS_TEST_ERROR": "rte"}
    run = xstilts(tmp_path, file=file, variables=variables)
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert "FAILED  rte (seed 1)" in run.stdout and "CUDA error" in run.stdout
    page = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    assert "left out" in page
    board = json.loads((tmp_path / "leaderboards" / "tiny-orders.json").read_text())["board"]
    states = {tuple(row["order"]): row["seeds"][0]["status"] for row in board["rows"]}
    assert states == {
        (): "ok",
        ("pawsx",): "ok",
        ("rte",): "failed",
        ("rte", "pawsx"): "failed",
        ("pawsx", "rte"): "failed",
    }


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path):
    file = make_experiment(tmp_path, rows=480, orders="[[rte]]", seeds="[1]")
    whole = xstilts(tmp_path, file=file)
    assert whole.returncode == 0, whole.stdout
    undisturbed, pages = weights(tmp_path), published(tmp_path)
    (tmp_path / "store").rename(tmp_path / "undisturbed")
    run = xstilts(tmp_path, file=file, wait=False)
    log = tmp_path / "store" / "building"
    wait_for(lambda: bool(list(log.glob("*/training_log.jsonl"))))
    time.sleep(0.3)
    run.kill()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == -9, out
    assert "Traceback" not in out
    goes_on = xstilts(tmp_path, file=file)
    assert goes_on.returncode == 0, goes_on.stdout + goes_on.stderr
    assert weights(tmp_path) == undisturbed
    table = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    assert table and published(tmp_path).keys() == pages.keys()


@pytest.mark.slow
def test_two_runs_of_overlapping_files_by_different_executors_train_no_stage_twice(tmp_path):
    # Stages long enough that neither run is done before the other has begun.
    file = make_experiment(tmp_path, rows=1600, seeds="[1]")
    part = file.with_name("part.yaml")
    text = file.read_text().replace("name: tiny-orders", "name: part")
    part.write_text(text.replace("orders: all", "orders: [[rte], [rte, pawsx], [pawsx]]"))
    runs = [
        xstilts(tmp_path, "--executor", executor, "--workers", "1", file=one, wait=False)
        for one, executor in ((part, "inline"), (file, "local"))
    ]
    outs = [run.communicate(timeout=1800)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outs
    made = [one for one in submitted(tmp_path / "store") if one.made_entry]
    assert len({one.digest for one in made}) == len(made) == 9 + 5
    trained = [int(out.split(" stages trained")[0].split()[-1]) for out in outs]
    assert sum(trained) == len(list(Store(tmp_path / "store").all(STAGES))) == 9 and min(trained) > 0


def test_training_rows_among_the_evaluation_rows_are_refused(tmp_path):
    file = make_experiment(tmp_path, seeds="[1]")
    test = (tmp_path / "data" / "xtreme" / "xnli" / "test-en.tsv").read_text().splitlines()
    with (tmp_path / "data" / "xtreme" / "xnli" / "train-en.tsv").open("a") as train:
        train.write(test[3] + "\n")
    run = xstilts(tmp_path, file=file)
    assert run.returncode == 2
    assert "training row 49 is evaluation row 4" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_evaluation_rows_are_dropped_from_training_where_the_file_says_so(tmp_path):
    file = make_experiment(tmp_path, seeds="[1]", orders="[[rte]]")
    clean = xstilts(tmp_path, file=file)
    assert clean.returncode == 0, clean.stderr
    xnli = tmp_path / "data" / "xtreme" / "xnli"
    test = (xnli / "test-en.tsv").read_text().splitlines()
    with (xnli / "train-en.tsv").open("a") as train:
        train.write(test[3] + "\n")
    file.write_text(file.read_text() + "overlap: drop\n")
    # What is trained on is what it was without the leaking row, and so are the stages.
    again = xstilts(tmp_path, file=file)
    assert again.returncode == 0, again.stderr
    assert "1 rows are dropped" in again.stdout and "0 stages trained" in again.stdout
    (tmp_path / "store").rename(tmp_path / "first")
    anew = xstilts(tmp_path, file=file)
    assert "2 stages trained" in anew.stdout, anew.stdout + anew.stderr
    dropped = {
        manifest.task: manifest.result.members[0].data.dropped
        for manifest in Store(tmp_path / "store").all(STAGES)
    }
    assert dropped == {"xnli": 1, "rte": 0}
    page = (tmp_path / "leaderboards" / "tiny-orders.md").read_text()
    assert "xnli: 1 of 49 rows were dropped before training" in page


def test_data_other_than_the_lock_is_refused(tmp_path):
    file = make_experiment(tmp_path, seeds="[1]")
    lock = command("lock", str(file), "--data-dir", str(tmp_path / "data"))
    locked = subprocess.run(
        lock, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert locked.returncode == 0, locked.stderr
    path = tmp_path / "data" / "xtreme" / "pawsx" / "train-en.tsv"
    path.write_text(path.read_text().replace("word1 ", "word2 "))
    run = xstilts(tmp_path, file=file)
    assert run.returncode == 2
    assert "pawsx" in run.stderr and "lock" in run.stderr


@pytest.mark.slow
def test_two_processes_train_and_evaluate_a_sequence_file(tmp_path):
    file = make_experiment(tmp_path, orders="[[rte]]", seeds="[1]")
    run = xstilts(tmp_path, "--processes", "2", "--deepspeed", "zero3", file=file)
    assert run.returncode == 0, run.stdout + run.stderr
    manifests = list(Store(tmp_path / "store").all(STAGES))
    assert {manifest.result.world_size for manifest in manifests} == {2}
    assert {manifest.result.zero_stage for manifest in manifests} == {3}

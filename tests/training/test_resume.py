import hashlib
import json
import pickle
import shutil
from pathlib import Path

import pytest

from harness.training.resume import pause
from harness.training.resume_key import is_sealed, seal

from .models import deepspeed_config

# Dropout: the random generators must come back too. Frozen embeddings: they are left out of resume points.
SETTINGS = {"dropout": 0.1, "freeze_embeddings": True, "precision": "bf16"}


def identical(a, b):
    return a.keys() == b.keys() and all(bool((a[name] == b[name]).all()) for name in a)


def newest_and_other(laboratory, name):
    resume = laboratory.folder / "work" / name / "resume"
    step = {slot: json.loads((slot / "complete.json").read_text())["step"] for slot in resume.iterdir()}
    return sorted(step, key=lambda slot: step[slot], reverse=True)


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def plant_pickles(resume):
    """Put pickles that run code in the place of saved states, with checksums that fit, as anyone could."""
    marker = resume.parent / "ran"
    for slot in resume.iterdir():
        for path in slot.rglob("*.pt"):
            path.write_bytes(pickle.dumps(Bomb(marker)))
        complete = json.loads((slot / "complete.json").read_text())
        complete["files"] = {
            name: hashlib.sha256((slot / name).read_bytes()).hexdigest() for name in complete["files"]
        }
        (slot / "complete.json").write_text(json.dumps(complete))
    return marker


def test_a_killed_stage_resumes_to_bit_identical_weights(laboratory, weights, copied):
    job = laboratory.job("killed", "zero2", **SETTINGS)
    assert laboratory.train({"job": job, "resume_every": 0.0, "kill_after_step": 9}, dies=True) == []
    for name in ("damaged", "lost", "other-level", "foreign"):
        copied("killed", name)
    newest, _ = newest_and_other(laboratory, "damaged")
    largest = max(newest.rglob("*.pt"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    for slot in newest_and_other(laboratory, "lost"):
        (slot / "complete.json").write_text("{")

    marker = plant_pickles(laboratory.folder / "work" / "foreign" / "resume")

    jobs = [
        laboratory.job("whole", "zero2", **SETTINGS),
        job,
        job.model_copy(update={"workdir": laboratory.folder / "work" / "damaged"}),
        job.model_copy(update={"workdir": laboratory.folder / "work" / "lost"}),
        job.model_copy(
            update={
                "workdir": laboratory.folder / "work" / "other-level",
                "deepspeed": deepspeed_config("zero3"),
            }
        ),
        job.model_copy(update={"workdir": laboratory.folder / "work" / "foreign"}),
    ]
    whole, killed, damaged, lost, other, foreign = [answer["result"] for answer in laboratory.train(*jobs)]
    assert whole["resumed_from_step"] == 0
    # The killing report of step 9, or of one soon after, comes before that step's point is saved.
    assert 8 <= killed["resumed_from_step"] < 18
    assert damaged["resumed_from_step"] == killed["resumed_from_step"] - 1
    assert lost["resumed_from_step"] == other["resumed_from_step"] == foreign["resumed_from_step"] == 0
    assert not marker.exists()
    for name in ("killed", "damaged", "lost", "foreign"):
        assert identical(weights("whole"), weights(name)), name
    assert whole["loss_curve"] == killed["loss_curve"] == damaged["loss_curve"]
    assert not (job.workdir / "resume").exists()


@pytest.mark.slow
@pytest.mark.parametrize("level", ["zero0", "zero3", "zero2_offload"])
def test_every_level_resumes_to_bit_identical_weights(laboratory, weights, level):
    whole = laboratory.job(f"whole-{level}", level, **SETTINGS)
    killed = laboratory.job(f"killed-{level}", level, **SETTINGS)
    laboratory.train({"job": killed, "resume_every": 0.0, "kill_after_step": 9}, dies=True)
    answers = laboratory.train(whole, killed)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    assert identical(weights(whole.digest), weights(killed.digest))


@pytest.mark.slow
def test_a_kill_during_a_save_leaves_the_point_before_usable(laboratory, weights):
    whole = laboratory.job("whole-save", "zero2", **SETTINGS)
    killed = laboratory.job("killed-save", "zero2", **SETTINGS)
    laboratory.train({"job": killed, "resume_every": 0.0, "kill_in_save": True}, dies=True)
    answers = laboratory.train(whole, killed)
    assert answers[1]["result"]["resumed_from_step"] >= 1
    assert identical(weights("whole-save"), weights("killed-save"))


@pytest.mark.slow
@pytest.mark.parametrize("level", ["zero2", "zero3"])
def test_two_killed_processes_resume_to_bit_identical_weights(laboratory, weights, level):
    whole = laboratory.job(f"whole-two-{level}", level, **SETTINGS)
    killed = laboratory.job(f"killed-two-{level}", level, **SETTINGS)
    order = {"job": killed, "resume_every": 0.0, "kill_after_step": 9}
    laboratory.train(order, processes=2, dies=True)
    answers = laboratory.train(whole, killed, processes=2)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    assert identical(weights(whole.digest), weights(killed.digest))


@pytest.mark.parametrize(
    ("every", "saving", "seconds"),
    [
        (60.0, 0.1, 60.0),
        (60.0, 6.0, 200.0),  # 3% of the time
        (60.0, 50.0, 50 / 0.03),  # of a model of billions
        (60.0, 90.0, 1800.0),
        (600.0, 500.0, 6000.0),
        (0.0, 1.0, 0.0),
    ],
)
def test_points_that_take_long_are_rarer_but_never_rarer_than_each_half_hour(every, saving, seconds):
    assert pause(every, saving) == pytest.approx(seconds)


def test_a_copied_store_brings_no_key_with_it(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    sealed = seal(tmp_path / "own", b"a point")
    assert is_sealed(tmp_path / "own", b"a point", sealed)
    shutil.copytree(tmp_path / "own", tmp_path / "copy")
    assert not is_sealed(tmp_path / "copy", b"a point", sealed)
    (tmp_path / "own").rename(tmp_path / "moved")
    assert is_sealed(tmp_path / "moved", b"a point", sealed)

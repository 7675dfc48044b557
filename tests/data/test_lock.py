from pathlib import Path

import pytest

from harness.config.registry import lock_beside
from harness.data.lock import (
    DataChangedError,
    Lock,
    LockedModel,
    LockedRows,
    LockFileError,
    read_lock,
    write_lock,
)
from harness.data.rows import TrainingRows, load_training_rows
from tests.data.tasks import nli

TSV = "It rains.\tIt is wet.\tentailment\nHe left.\tHe stayed.\tcontradiction\n"


@pytest.fixture
def rows(tmp_path: Path) -> TrainingRows:
    (tmp_path / "train.tsv").write_text(TSV)
    return load_training_rows(nli("train.tsv"), data_dir=tmp_path)


@pytest.fixture
def lock(rows: TrainingRows) -> Lock:
    model = LockedModel(name="embedded:e5-small", revision=None, fingerprint="a" * 64)
    return Lock(model=model, training={"nli": LockedRows.of(rows)}, evaluation={})


def test_a_lock_lies_beside_its_file_and_reads_back(tmp_path: Path, lock: Lock) -> None:
    sequence = tmp_path / "nli-order.yaml"
    assert read_lock(sequence, "nli-order") is None
    assert write_lock(sequence, lock) == lock_beside(sequence, "nli-order")
    assert read_lock(sequence, "nli-order") == lock
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nli-order.lock.json", "train.tsv"]


def test_a_lock_stays_with_its_sequence_when_the_file_is_renamed(tmp_path: Path, lock: Lock) -> None:
    write_lock(tmp_path / "one.yaml", lock.model_copy(update={"sequence": "nli-order"}))
    assert read_lock(tmp_path / "renamed.yaml", "nli-order") is not None
    assert read_lock(tmp_path / "nli-order.yaml", "another") is None


def test_the_same_content_elsewhere_passes(tmp_path: Path, lock: Lock) -> None:
    (tmp_path / "copy.tsv").write_bytes(TSV.replace("\n", "\r\n").encode())
    lock.check("nli", load_training_rows(nli("copy.tsv"), data_dir=tmp_path))


def test_changed_rows_are_refused_with_both_descriptions(tmp_path: Path, lock: Lock) -> None:
    (tmp_path / "train.tsv").write_text(TSV.replace("entailment", "neutral"))
    changed = load_training_rows(nli("train.tsv"), data_dir=tmp_path)
    with pytest.raises(DataChangedError) as caught:
        lock.check("nli", changed)
    message = str(caught.value)
    assert lock.training["nli"].fingerprint[:12] in message
    assert changed.fingerprint[:12] in message
    assert "xstilts lock" in message


def test_a_task_that_the_lock_does_not_know_is_refused(lock: Lock, rows: TrainingRows) -> None:
    with pytest.raises(DataChangedError, match=r"xnli: the lock .* does not know this task"):
        lock.check("xnli", rows)


def test_another_model_is_refused(lock: Lock) -> None:
    lock.check_model("embedded:e5-small", "a" * 64)
    with pytest.raises(DataChangedError, match="model embedded:e5-small: not the model of the lock"):
        lock.check_model("embedded:e5-small", "b" * 64)


@pytest.mark.parametrize("text", ["", "{}", '{"version": 2}', "[1]", "\xff"])
def test_what_is_no_lock_is_refused(tmp_path: Path, text: str) -> None:
    lock_beside(tmp_path / "x.yaml", "x").write_text(text, encoding="latin-1")
    with pytest.raises(LockFileError, match=r"x\.lock\.json: .*run 'xstilts lock' again"):
        read_lock(tmp_path / "x.yaml", "x")

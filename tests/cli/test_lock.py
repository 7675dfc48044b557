import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data.lock import read_lock
from tests.training.models import make_bert

SEQUENCE = """\
name: locked
model: {model}
targets: [xnli]
seeds: [1]
evaluation: {{tasks: [xtreme_xnli_en, xtreme_xnli_de]}}
"""
TEXTS = {
    "train-en": "It rains.\tIt is wet.\tentailment\n",
    "test-en": "He left.\tHe stayed.\tcontradiction\n",
    "test-de": "Er ging.\tEr blieb.\tcontradiction\n",
}


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    make_bert(tmp_path / "model")
    for name, text in TEXTS.items():
        path = tmp_path / "data" / "xtreme" / "xnli" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = tmp_path / "locked.yaml"
    path.write_text(SEQUENCE.format(model=tmp_path / "model"))
    return path


def lock(sequence: Path, data: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "harness.cli.main", "lock", str(sequence), "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_the_lock_holds_model_and_rows_and_names_no_place_of_this_machine(sequence: Path) -> None:
    done = lock(sequence, sequence.parent / "data")
    assert done.returncode == 0, done.stderr
    assert "has 1 rows where the published data set has 5,010" in done.stderr
    written = read_lock(sequence, sequence.stem)
    assert written is not None
    assert set(written.training) == {"xnli"}
    assert set(written.evaluation) == {"xtreme_xnli_en", "xtreme_xnli_de"}
    assert written.evaluation["xtreme_xnli_de"].source == "folder: xtreme/xnli/test-de.tsv"
    assert written.training["xnli"].fingerprint[:12] in done.stdout
    rows = json.loads((sequence.parent / "locked.lock.json").read_text())["training"]
    assert str(sequence.parent) not in json.dumps(rows)


def test_missing_data_is_reported_without_a_traceback_and_nothing_is_written(sequence: Path) -> None:
    (sequence.parent / "data" / "xtreme" / "xnli" / "test-de.tsv").unlink()
    done = lock(sequence, sequence.parent / "data")
    assert done.returncode == 2
    assert "test-de.tsv: no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (sequence.parent / "locked.lock.json").exists()

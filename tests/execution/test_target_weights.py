"""`target_weights: discard`: disk is saved, results stay, and what needs the weights trains them again."""

import subprocess
from pathlib import Path

import pytest

from harness.store.discard import discarded
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import command, environment, results, weights, xstilts
from tests.execution.experiment import make_experiment


def run(folder: Path, file: Path, *words: str) -> str:
    done = xstilts(folder, "--executor", "inline", *words, file=file)
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def store_command(folder: Path, *words: str) -> str:
    line = command("store", *words, "--store", str(folder / "store"))
    done = subprocess.run(line, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def weight_files(folder: Path) -> set[Path]:
    return set((folder / "store").rglob("*.safetensors")) | set((folder / "store" / "tensors").iterdir())


def test_discarded_weights_are_trained_again_bit_identically_where_they_are_needed(tmp_path: Path) -> None:
    kept, lean = tmp_path / "kept", tmp_path / "lean"
    kept.mkdir()
    lean.mkdir()
    file = make_experiment(kept, orders="[[], [rte]]", seeds="[1]")
    own = lean / "tiny-orders.yaml"
    own.write_text(file.read_text().replace("seeds: [1]", "seeds: [1]\ntarget_weights: discard"))
    (lean / "data").symlink_to(kept / "data")
    run(kept, file)
    run(lean, own)

    store = Store(lean / "store")
    targets = {stage.digest for stage in store.all(STAGES) if stage.task == "xnli"}
    assert discarded(store) == targets and len(targets) == 2
    # What was published is the same, and the store is sound: the sequence file's checksum alone differs.
    assert {k: v for k, v in results(lean).items() if k.endswith(".parquet")} == {
        k: v for k, v in results(kept).items() if k.endswith(".parquet")
    }
    assert "damaged: nothing" in store_command(lean, "check")
    assert "0 stages trained, 3 reused" in run(lean, own)
    assert store_command(lean, "gc").endswith("0 B freed\n")

    # Forgetting needs the heads of all stages.
    rows = kept / "data" / "glue" / "rte"
    (rows / "dev.tsv").write_text((rows / "train.tsv").read_text())
    own.write_text(own.read_text() + "forgetting: true\n")
    said = run(lean, own)
    assert "note    rte → xnli (seed 1): its weights were discarded" in said and "2 reused" in said, said
    assert discarded(store) == targets
    assert weights(lean) == weights(kept)

    # And on demand.
    before = weight_files(kept)
    foreseen = store_command(kept, "gc", "--target-weights", "--dry-run")
    assert "weights of an evaluated target" in foreseen and weight_files(kept) == before
    assert store_command(kept, "gc", "--target-weights") == foreseen.replace("would be freed", "freed")
    assert discarded(Store(kept / "store")) == targets and weight_files(kept) < before
    assert "0 stages trained, 3 reused" in run(kept, file)


@pytest.mark.slow
def test_a_row_whose_weights_were_discarded_is_reproduced_by_their_checksums(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, orders="[[rte]]", seeds="[1]")
    run(tmp_path, file, "--discard-target-weights")
    assert len(discarded(Store(tmp_path / "store"))) == 1
    page, data = tmp_path / "leaderboards" / "tiny-orders.md", tmp_path / "data"
    words = ("--row", "1", "--store", str(tmp_path / "store"), "--data-dir", str(data))
    line = command("reproduce", str(page), *words)
    again = subprocess.run(line, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "weights of rte → xnli" in again.stdout and "bit-identical" in again.stdout

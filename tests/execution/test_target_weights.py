"""`target_weights: discard`: disk is saved, results stay, and what needs the weights trains them again."""

import subprocess
from pathlib import Path

from harness.store.discard import discarded
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import command, environment, results, weights, xstilts
from tests.execution.experiment import make_experiment


def run(folder: Path, file: Path, *words: str) -> str:
    done = xstilts(folder, *words, file=file)
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


def test_gc_drops_the_weights_of_evaluated_targets_on_demand(tmp_path: Path) -> None:
    file = make_experiment(tmp_path, orders="[[rte]]", seeds="[1]")
    run(tmp_path, file)
    before = weight_files(tmp_path)
    assert "weights of an evaluated target" in store_command(tmp_path, "gc", "--target-weights", "--dry-run")
    assert weight_files(tmp_path) == before
    store_command(tmp_path, "gc", "--target-weights")
    after = Store(tmp_path / "store")
    (gone,) = discarded(after)
    assert after.get(STAGES, gone).task == "xnli" and weight_files(tmp_path) < before
    assert "0 stages trained, 2 reused" in run(tmp_path, file)

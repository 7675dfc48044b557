"""Full, read-only and damaging disks: a clear error, a sound store, and the run goes on afterwards."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.evaluation.job import EVALUATIONS
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import command, environment, results, weights, xstilts
from tests.execution.experiment import make_experiment

pytestmark = pytest.mark.slow
_MEBIBYTE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    line = ["mount", "-t", "tmpfs", "-o", f"size={8 * _MEBIBYTE}", "tmpfs", str(place)]
    mounted = subprocess.run(line, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk up to some bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


def check(folder: Path, store: Path) -> str:
    line = command("store", "check", "--store", str(store))
    done = subprocess.run(line, env=environment(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    file = make_experiment(folder, orders="[[rte]]", seeds="[1]")
    whole = xstilts(folder, file=file)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    return folder, weights(folder)


def test_a_full_disk_stops_the_run_in_words_and_it_goes_on_when_there_is_space(undisturbed, small_disk):
    folder, expected = undisturbed
    file, store = folder / "tiny-orders.yaml", small_disk / "store"
    refused = 0
    for leave in (40_000, 150_000, 400_000, 800_000):
        ballast = fill(small_disk, leave)
        run = xstilts(folder, "--store", str(store), file=file)
        assert "Traceback" not in run.stdout + run.stderr, run.stdout + run.stderr
        if run.returncode:
            refused += 1
            assert run.returncode in (1, 2)
            assert "no space is left" in run.stderr.lower() or "No space left" in run.stderr, run.stderr
        ballast.unlink()
        if (store / "format.json").exists():
            check(folder, store)
    assert refused >= 2
    after = xstilts(folder, "--store", str(store), file=file)
    assert after.returncode == 0, after.stdout + after.stderr
    assert weights(small_disk) == expected and len(expected) == 2
    assert not list((store / "building").iterdir())


def test_a_read_only_store_is_refused_for_runs_and_serves_readers(undisturbed, small_disk):
    folder, _ = undisturbed
    file, store = folder / "tiny-orders.yaml", small_disk / "store"
    assert xstilts(folder, "--store", str(store), file=file).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    run = xstilts(folder, "--store", str(store), file=file)
    assert run.returncode == 2
    assert "nothing can be written in it (Read-only file system)" in run.stderr
    assert "Traceback" not in run.stderr
    publish = xstilts(
        folder, "--store", str(store), "--leaderboards", str(folder / "read-only"), file=file, verb="publish"
    )
    assert publish.returncode == 0, publish.stderr
    check(folder, store)


def test_what_a_disk_damaged_is_named_quarantined_and_made_again(tmp_path):
    file = make_experiment(tmp_path, orders="[[rte], [rte, pawsx]]", seeds="[1]")
    assert xstilts(tmp_path, file=file).returncode == 0
    expected, before = weights(tmp_path), results(tmp_path)
    store = Store(tmp_path / "store")
    # The stage that both sequences share, and what follows it is to be made again: so it is needed.
    stages = {manifest.path: manifest.digest for manifest in store.all(STAGES)}
    evaluations = {manifest.stage: manifest.digest for manifest in store.all(EVALUATIONS)}
    target = stages["rte", "pawsx", "xnli"]
    flipped = next((store.path(STAGES, stages["rte",]) / "encoder").glob("*.safetensors"))
    content = bytearray(flipped.read_bytes())
    content[-1] ^= 1
    flipped.write_bytes(content)
    truncated = store.path(EVALUATIONS, evaluations[target]) / "predictions.parquet"
    os.truncate(truncated, truncated.stat().st_size - 1)
    for digest in (stages["rte", "pawsx"], target):
        (store.path(STAGES, digest) / "manifest.json").unlink()
    again = xstilts(tmp_path, file=file)
    assert again.returncode == 0, again.stdout + again.stderr
    for path in (flipped, truncated, store.path(STAGES, target) / "manifest.json"):
        assert f"DAMAGED {path}" in again.stdout
    assert "3 stages trained" in again.stdout and "1 evaluations made" in again.stdout
    assert weights(tmp_path) == expected and results(tmp_path) == before
    assert len(list(store.layout.quarantine.iterdir())) == 4

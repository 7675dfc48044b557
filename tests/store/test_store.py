import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.store.integrity import MANIFEST
from harness.store.layout import StoreError
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.store.entries import fill, manifest

A, B = "a" * 32, "b" * 32


def test_an_entry_is_seen_only_when_it_is_finished(tmp_path):
    store = Store(tmp_path / "store")
    fill(store, A)
    assert store.get(STAGES, A) is None
    written = store.add(STAGES, manifest(A))
    assert store.get(STAGES, A) == written
    assert list(store.all(STAGES)) == [written]
    assert not store.layout.building(A).exists()
    assert set(written.files) == {
        "encoder/frozen.safetensors",
        "encoder/trained.safetensors",
        "training_log.jsonl",
    }


def test_equal_weights_take_their_space_once(tmp_path):
    store = Store(tmp_path / "store")
    for digest, weights in ((A, b"one"), (B, b"two")):
        fill(store, digest, weights=weights)
        store.add(STAGES, manifest(digest))
    inodes = {
        (store.path(STAGES, digest) / "encoder" / "frozen.safetensors").stat().st_ino for digest in (A, B)
    }
    assert len(inodes) == 1
    assert len(list(store.layout.tensors.iterdir())) == 3


def test_an_entry_whose_maker_died_before_the_last_rename_is_adopted(tmp_path):
    store = Store(tmp_path / "store")
    for digest in (A, B):
        fill(store, digest)
        store.add(STAGES, manifest(digest))
        store.path(STAGES, digest).rename(store.layout.building(digest))
    (store.layout.building(B) / "training_log.jsonl").write_text("")
    assert store.get(STAGES, A) is None
    assert store.adopt(STAGES, A) is not None
    assert store.verify(STAGES, A) is not None
    # A power cut may have taken what was written last.
    assert store.adopt(STAGES, B) is None and store.get(STAGES, B) is None


@pytest.mark.parametrize("name", ["..", "a" * 31, "A" * 32, "../" + "a" * 29, "a" * 32 + "/x"])
def test_only_digests_are_names(tmp_path, name):
    with pytest.raises(StoreError, match="not a digest"):
        Store(tmp_path / "store").get(STAGES, name)


def test_a_folder_with_other_things_is_no_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("…")
    with pytest.raises(StoreError, match="not a store"):
        Store(tmp_path)


def test_a_newer_format_is_refused(tmp_path):
    Store(tmp_path / "store")
    (tmp_path / "store" / "format.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreError, match="99"):
        Store(tmp_path / "store")


def test_a_store_of_an_older_version_is_refused_with_the_command_that_helps(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / "format.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(StoreError, match=f"mv {store} {store}.old.*--store"):
        Store(store)


def test_a_damaged_manifest_is_named(tmp_path):
    store = Store(tmp_path / "store")
    fill(store, A)
    store.add(STAGES, manifest(A))
    path = store.path(STAGES, A) / MANIFEST
    path.write_text(path.read_text()[:-20])
    with pytest.raises(StoreError, match=f"{A}.*changed"):
        store.get(STAGES, A)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_place_is_refused_in_words(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="--store"):
        Store(tmp_path / "store")


def test_a_lock_ends_with_its_owner(tmp_path):
    store = Store(tmp_path / "store")
    script = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from harness.store.store import Store
        lock = Store(Path({str(tmp_path / "store")!r})).lock({A!r})
        print(lock.try_acquire(), flush=True)
        time.sleep(60)
        """
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None and owner.stdout.readline() == "True\n"
    assert not store.lock(A).try_acquire()
    assert store.lock(B).try_acquire()
    owner.kill()
    owner.wait()
    assert store.lock(A).try_acquire()


def test_environment_names_versions_and_machine():
    described = environment()
    assert described.packages["torch"] != "not installed"
    assert described.hardware
    assert (Path(__file__).parents[2] / ".git").exists() == (described.commit is not None)

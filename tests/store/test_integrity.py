"""Damage of every kind to every file is found before the file is used, named, and repaired or quarantined."""

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.store import command
from harness.store.entry import write_manifest
from harness.store.files import link_or_copy
from harness.store.integrity import MANIFEST, MANIFEST_CHECKSUM, Checksums, DamagedEntryError
from harness.store.layout import StoreError
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.store.entries import fill, manifest

A, B, C = "a" * 32, "b" * 32, "c" * 32
FILES = ["encoder/frozen.safetensors", "encoder/trained.safetensors", "training_log.jsonl", MANIFEST]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    for digest, weights in ((A, b"one" * 100), (B, b"two" * 100)):
        fill(made, digest, weights)
        made.add(STAGES, manifest(digest))
    return made


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def link(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere"
    link_or_copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


DAMAGES = [flip, truncate, empty, Path.unlink, link]


def xstilts_store(store: Store, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, [*words, "--store", str(store.layout.root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_before_use_and_named(store, name, damage):
    path = store.path(STAGES, A) / name
    assert store.verify(STAGES, A) is not None
    damage(path)
    with pytest.raises(DamagedEntryError) as caught:
        store.verify(STAGES, A)
    assert str(path) in str(caught.value)
    code, said = xstilts_store(store, "check")
    assert code == 1 and str(path) in said
    code, said = xstilts_store(store, "repair")
    assert code == 0, said
    # What cannot be had from a copy lies in damaged/; a run makes it again.
    place = store.path(STAGES, A)
    assert (store.verify(STAGES, A) is not None) if place.exists() else "quarantined" in said
    assert xstilts_store(store, "check")[0] == 0


def test_a_file_is_read_again_when_it_changed_or_its_checksum_grew_old(tmp_path):
    path, old = tmp_path / "weights", time.time_ns() - 10**9
    path.write_bytes(b"one")
    os.utime(path, ns=(old, old))
    kept, short = Checksums(), Checksums(seconds=0.0)
    first = kept.of(path)
    assert short.of(path) == first
    path.write_bytes(b"two")
    os.utime(path, ns=(old, old))  # as where a disk loses what it held
    assert kept.of(path) == first
    assert short.of(path) == Checksums().of(path) != first
    path.write_bytes(b"two")
    assert kept.of(path) == short.of(path)
    path.write_bytes(b"six")  # perhaps within the same tick of the file system's clock
    assert kept.of(path) == Checksums().of(path)


def test_every_bit_of_a_manifest_is_guarded(store):
    path = store.path(STAGES, A) / MANIFEST
    sound = path.read_bytes()
    for place in range(0, len(sound), 37):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        with pytest.raises(DamagedEntryError):
            store.get(STAGES, A)
    path.write_bytes(sound)
    assert store.get(STAGES, A) is not None


def test_files_that_were_added_are_faults(store):
    (store.path(STAGES, A) / "encoder" / "modeling_evil.py").write_text("import os")
    (store.path(STAGES, A) / "encoder" / "more").symlink_to("/etc")
    with pytest.raises(DamagedEntryError, match=r"(?s)modeling_evil.py: not in .*more: not in the manifest"):
        store.verify(STAGES, A)


@pytest.mark.parametrize("name", ["../../../secret", "/etc/passwd", "encoder/../../x"])
def test_a_manifest_cannot_name_files_outside_of_its_entry(store, name):
    place = store.path(STAGES, A)
    written = store.get(STAGES, A)
    files = {**written.files, name: next(iter(written.files.values()))}
    write_manifest(place, written.model_copy(update={"files": files}))
    with pytest.raises(DamagedEntryError, match="not below its folder"):
        store.verify(STAGES, A)


def test_an_entry_that_is_a_link_is_refused(store, tmp_path):
    place = store.path(STAGES, A)
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    with pytest.raises(DamagedEntryError, match="a link"):
        store.get(STAGES, A)


def test_nothing_is_made_where_a_link_leads(store, tmp_path):
    store.layout.building(C).symlink_to(tmp_path)
    with pytest.raises(StoreError, match="may lead out of the store"):
        store.workdir(C)


def test_a_manifest_without_its_checksum_is_a_fault(store):
    (store.path(STAGES, A) / MANIFEST_CHECKSUM).unlink()
    with pytest.raises(DamagedEntryError, match=f"{MANIFEST_CHECKSUM}: missing"):
        store.verify(STAGES, A)


def test_a_damaged_copy_is_restored_from_the_shared_one(store):
    path = store.path(STAGES, A) / "encoder" / "trained.safetensors"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + b"?")
    assert store.verify(STAGES, B) is not None
    code, said = xstilts_store(store, "repair")
    assert code == 0 and "restored 1 file from valid copies" in said
    assert path.read_bytes() == content


def test_new_entries_never_link_to_a_damaged_shared_file(store):
    sha = store.get(STAGES, A).files["encoder/frozen.safetensors"].sha256
    flip(store.layout.tensors / sha)
    fill(store, C, b"three")
    store.add(STAGES, manifest(C))
    assert store.verify(STAGES, C) is not None
    assert {digest for digest in (A, B) if _is_damaged(store, digest)} == {A, B}
    code, said = xstilts_store(store, "repair")
    assert code == 0 and "restored" in said
    assert not any(_is_damaged(store, digest) for digest in (A, B, C))


def _is_damaged(store: Store, digest: str) -> bool:
    try:
        return store.verify(STAGES, digest, Checksums()) is None
    except DamagedEntryError:
        return True


def test_an_entry_that_is_being_made_is_left_alone(store):
    truncate(store.path(STAGES, A) / "training_log.jsonl")
    with store.lock(A):
        code, said = xstilts_store(store, "repair")
    assert code == 1 and "another process" in said
    assert store.path(STAGES, A).exists()


def test_gc_removes_what_nothing_needs_and_nothing_else(store):
    fill(store, C)
    flip(store.path(STAGES, B) / "encoder" / "trained.safetensors")
    (store.layout.tensors / store.get(STAGES, B).files["encoder/trained.safetensors"].sha256).unlink()
    assert "quarantined" in xstilts_store(store, "repair")[1]
    assert list(store.layout.quarantine.iterdir())
    before = xstilts_store(store, "gc", "--dry-run")[1]
    assert "would be freed" in before and list(store.layout.quarantine.iterdir())
    code, said = xstilts_store(store, "gc")
    assert code == 0 and "quarantined" in said
    assert not list(store.layout.quarantine.iterdir())
    assert store.verify(STAGES, A) is not None and store.layout.building(C).exists()
    needed = {
        record.sha256 for name, record in store.get(STAGES, A).files.items() if name.endswith("tensors")
    }
    assert {path.name for path in store.layout.tensors.iterdir()} == needed
    with store.lock(C):
        assert "in use, kept" in xstilts_store(store, "gc", "--unfinished")[1]
    xstilts_store(store, "gc", "--unfinished")
    assert not store.layout.building(C).exists()


def test_size_counts_shared_weights_once(store):
    code, said = xstilts_store(store, "size")
    assert code == 0
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert rows["stages"].split()[1] == "2" and rows["tensors"].split()[1] == "3"
    assert rows["tensors"].endswith("0 B")


def test_a_place_without_a_store_is_refused(tmp_path):
    done = CliRunner().invoke(command, ["check", "--store", str(tmp_path / "typo")])
    assert isinstance(done.exception, StoreError) and "there is none" in str(done.exception)
    assert not (tmp_path / "typo").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_cannot_be_read_is_named(store):
    path = store.path(STAGES, A) / "training_log.jsonl"
    path.chmod(0)
    with pytest.raises(DamagedEntryError, match="cannot be read"):
        store.verify(STAGES, A)

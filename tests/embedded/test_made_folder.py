"""Folders that can be made again: whole or not seen, whoever builds and whatever happens meanwhile."""

import os
import threading

import pytest

from harness.embedded.made_folder import MANIFEST, CacheError, is_whole, make_folder


def build(folder):
    (folder / "a.txt").write_text("alpha")
    (folder / "b.txt").write_text("beta")


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "cache" / "thing"
    make_folder(folder, "f1", {"source": "0"}, build)
    return folder


def test_a_made_folder_is_whole_only_under_its_fingerprint(made):
    assert is_whole(made, "f1")
    assert not is_whole(made, "f2")


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "a.txt").write_text("alph"),
        lambda folder: (folder / "a.txt").write_text("Alpha"),
        lambda folder: (folder / "b.txt").unlink(),
        lambda folder: (folder / "c.txt").write_text("added"),
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text("{"),
        lambda folder: (folder / MANIFEST).write_text('{"fingerprint": "f1", "sources": {}, "files": {}}'),
    ],
    ids=["truncated", "altered", "removed", "added", "no manifest", "broken manifest", "emptied manifest"],
)
def test_harm_is_seen_and_mended(made, harm):
    assert is_whole(made, "f1")
    harm(made)
    assert not is_whole(made, "f1")
    make_folder(made, "f1", {"source": "0"}, build)
    assert is_whole(made, "f1")
    assert sorted(path.name for path in made.iterdir()) == ["a.txt", "b.txt", MANIFEST]


def test_a_failed_build_leaves_nothing(tmp_path):
    def fail(folder):
        build(folder)
        raise ValueError("midway")

    folder = tmp_path / "thing"
    with pytest.raises(ValueError, match="midway"):
        make_folder(folder, "f1", {}, fail)
    assert not folder.exists()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_a_killed_builder_left_is_swept(tmp_path):
    left = tmp_path / ".thing.making-abc" / "built"
    left.mkdir(parents=True)
    (left / "a.txt").write_text("half")
    make_folder(tmp_path / "thing", "f1", {}, build)
    assert not left.parent.exists()


def test_of_many_builders_at_once_one_builds(tmp_path):
    built = []

    def count(folder):
        built.append(folder)
        build(folder)

    builders = [
        threading.Thread(target=make_folder, args=(tmp_path / "thing", "f1", {}, count)) for _ in range(6)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(built) == 1
    assert is_whole(tmp_path / "thing", "f1")


def test_a_cache_that_cannot_be_written_names_the_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheError, match="XSTILTS_CACHE"):
        make_folder(tmp_path / "file" / "thing", "f1", {}, build)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_names_the_remedy(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CacheError, match="XSTILTS_CACHE"):
        make_folder(tmp_path / "thing", "f1", {}, build)

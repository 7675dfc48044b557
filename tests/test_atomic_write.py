import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.atomic_write import atomic_write
from harness.store.files import link_or_copy


def test_a_file_takes_its_place_only_when_all_of_it_is_written(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with atomic_write(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_another_link_of_the_same_file_leaves_no_draft(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("content")
    for _ in range(2):
        link_or_copy(source, target)
    assert target.samefile(source)
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_threads_may_share_the_same_file_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    source, target = tmp_path / "source", tmp_path / "target"
    content = os.urandom(4_000_000)
    source.write_bytes(content)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(link_or_copy, source, target) for _ in range(64)]:
            done.result()
    assert target.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [source, target]

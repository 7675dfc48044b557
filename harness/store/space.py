"""What takes space in a store, and what can go."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.manifest import EntryKind
from harness.store.store import SHARED_SUFFIX, Store, is_digest


@dataclass(frozen=True)
class FolderSize:
    """How much lies in a part of a store.

    Attributes:
        entries: Folders or files directly in it.
        apparent: Sum of the files' sizes, in bytes.
        on_disk: Bytes that it takes; files that an earlier part shares are not counted again.
    """

    name: str
    entries: int
    apparent: int
    on_disk: int


@dataclass(frozen=True)
class Garbage:
    """Something that nothing needs any more.

    Attributes:
        reason: Why.
        bytes: What is freed when it goes; files that have other links free nothing.
    """

    path: Path
    reason: str
    bytes: int


def sizes(store: Store, kinds: Sequence[EntryKind[Any]]) -> list[FolderSize]:
    """Measure the parts of a store; a weight file that entries share counts for the first of them."""
    seen: set[tuple[int, int]] = set()
    found = []
    for name in (*(kind.folder for kind in kinds), "tensors", "building", "quarantine", "runs"):
        folder = store.layout.root / name
        apparent = on_disk = 0
        for _, status in _files(folder):
            apparent += status.st_size
            inode = (status.st_dev, status.st_ino)
            if inode not in seen:
                seen.add(inode)
                on_disk += status.st_blocks * 512
        entries = sum(not path.name.startswith(".") for path in folder.iterdir()) if folder.is_dir() else 0
        found.append(FolderSize(name, entries, apparent, on_disk))
    return found


def garbage(
    store: Store, kinds: Sequence[EntryKind[Any]], *, unfinished: bool, logs_before: float | None
) -> Iterator[Garbage]:
    """Yield what can be removed: quarantined entries, weight files of no entry, and on demand more.

    Args:
        store: The store.
        kinds: The kinds of its entries.
        unfinished: Also what was begun and is not being made now, resume points included.
        logs_before: Also the logs of runs that wrote nothing since then (seconds since 1970).

    Raises:
        DamagedEntryError: A manifest cannot be read, so that it is not known which weights it needs.
    """
    for path in sorted(store.layout.quarantine.iterdir()):
        yield Garbage(path, "quarantined", _freed(path))
    needed = _needed_tensors(store, kinds)
    for path in sorted(store.layout.tensors.iterdir()):
        if path.name not in needed and not path.name.startswith("."):
            yield Garbage(path, "weights of no entry", _freed(path))
    for path in sorted((store.layout.root / "building").iterdir()):
        if is_digest(path.name) and (unfinished or not any(path.iterdir())):
            yield Garbage(path, "begun and not finished", _freed(path))
    if logs_before is not None:
        for path in sorted(store.layout.runs.iterdir()):
            if max(status.st_mtime for _, status in [(path, path.stat()), *_files(path)]) < logs_before:
                yield Garbage(path, "old logs", _freed(path))


def remove(store: Store, item: Garbage) -> bool:
    """Remove a piece of garbage unless a run has begun to use it, and say whether it is gone."""
    if item.path.parent == store.layout.root / "building":
        lock = store.lock(item.path.name)
        if not lock.try_acquire():
            return False
        try:
            shutil.rmtree(item.path)
        finally:
            lock.release()
    elif item.path.is_dir() and not item.path.is_symlink():
        shutil.rmtree(item.path)
    else:
        item.path.unlink(missing_ok=True)
    return True


def _needed_tensors(store: Store, kinds: Sequence[EntryKind[Any]]) -> set[str]:
    return {
        record.sha256
        for kind in kinds
        for manifest in store.all(kind)
        for name, record in manifest.files.items()
        if name.endswith(SHARED_SUFFIX)
    }


def _freed(path: Path) -> int:
    if not path.is_dir():
        return _freed_by(path.lstat())
    inside: dict[tuple[int, int], list[os.stat_result]] = {}
    for _, status in _files(path):
        inside.setdefault((status.st_dev, status.st_ino), []).append(status)
    return sum(links[0].st_blocks * 512 for links in inside.values() if links[0].st_nlink <= len(links))


def _freed_by(status: os.stat_result) -> int:
    return status.st_blocks * 512 if status.st_nlink == 1 else 0


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files below a folder; those that a run removes meanwhile are left out."""
    for current, _, names in os.walk(folder):
        for name in names:
            path = Path(current) / name
            with suppress(FileNotFoundError):
                yield path, path.lstat()

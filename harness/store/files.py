"""Files that survive a crash: checksums, hard links, folders renamed into place."""

import hashlib
import os
import shutil
from pathlib import Path

from harness.atomic_write import atomic_write
from harness.store.manifest import FileRecord


def record(path: Path) -> FileRecord:
    """Return the checksum and size of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileRecord(sha256=digest, bytes=path.stat().st_size)


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`; a copy where the file system has no hard links.

    An existing `target` is replaced in one step.
    """
    with atomic_write(target) as draft:
        try:
            os.link(source, draft)
        except OSError:
            shutil.copyfile(source, draft)


def write_durably(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either absent (or old) or complete, also after a power cut."""
    with atomic_write(path) as draft, draft.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Force every file and folder below `folder`, and itself, to the disk."""
    for current, _, names in os.walk(folder):
        for name in names:
            _sync(Path(current) / name)
        sync_folder(Path(current))


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk."""
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

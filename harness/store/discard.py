"""Weights that are dropped once nothing needs them; the entry, its manifest and its checksums stay."""

from collections import Counter
from typing import Any

from harness.store.files import sync_folder
from harness.store.manifest import EntryKind
from harness.store.store import SHARED_SUFFIX, Store


def discarded(store: Store) -> set[str]:
    """Return the digests of the entries whose weights were discarded."""
    folder = store.layout.root / "discarded"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def discard_weights(store: Store, kind: EntryKind[Any], digest: str) -> int:
    """Remove the weight files of a finished entry, and their copies in `tensors/` that no other entry shares.

    Returns:
        Bytes freed; 0 where another process is at the entry.
    """
    lock = store.lock(digest)
    if not lock.try_acquire():
        return 0
    try:
        manifest, place = store.get(kind, digest), store.path(kind, digest)
        if manifest is None:
            return 0
        marker = store.layout.discarded(digest)
        marker.touch()
        sync_folder(marker.parent)
        freed = 0
        for name, record in manifest.files.items():
            if not name.endswith(SHARED_SUFFIX) or not (place / name).is_file():
                continue
            (place / name).unlink()
            shared = store.layout.tensors / record.sha256
            if shared.is_file() and shared.stat().st_nlink == 1:
                shared.unlink()
                freed += record.bytes
        return freed
    finally:
        lock.release()


def weights_bytes(store: Store, kind: EntryKind[Any], digest: str) -> int:
    """Return what `discard_weights` would free: files that no other entry shares.

    A file may stand several times in one entry, as an encoder's does with the head's and alone.
    """
    manifest = store.get(kind, digest)
    records = manifest.files if manifest is not None else {}
    own = Counter(record for name, record in records.items() if name.endswith(SHARED_SUFFIX))
    freed = 0
    for record, places in own.items():
        shared = store.layout.tensors / record.sha256
        if shared.is_file() and shared.stat().st_nlink <= places + 1:
            freed += record.bytes
    return freed

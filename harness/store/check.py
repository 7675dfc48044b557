"""Look at every file of a store, and repair what can be repaired."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.files import link_or_copy
from harness.store.integrity import Checksums, DamagedEntryError, Fault, file_fault
from harness.store.manifest import EntryKind, FileRecord
from harness.store.store import Store

Kinds = Sequence[EntryKind[Any]]


@dataclass(frozen=True)
class DamagedEntry:
    """An entry with what is wrong with it."""

    kind: EntryKind[Any]
    digest: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Repaired:
    """What became of a damaged entry.

    Attributes:
        restored: Files that were restored from a valid copy.
        quarantined: Where the entry lies now, None where it is valid again.
        busy: Another process is making it; nothing was done.
    """

    entry: DamagedEntry
    restored: tuple[Path, ...] = ()
    quarantined: Path | None = None
    busy: bool = False


def check(store: Store, kinds: Kinds, checksums: Checksums) -> Iterator[DamagedEntry | tuple[str, str]]:
    """Read every file of every entry; yield damaged entries, and (kind, digest) of valid ones."""
    for kind in kinds:
        for digest in store.digests(kind):
            try:
                store.verify(kind, digest, checksums)
            except DamagedEntryError as error:
                yield DamagedEntry(kind, digest, error.faults)
            else:
                yield kind.folder, digest


def damaged_tensors(store: Store, checksums: Checksums) -> tuple[Fault, ...]:
    """Return the weight files of `tensors/` whose content is not that of their name."""
    faults = []
    for path in sorted(store.layout.tensors.iterdir()):
        if path.name.startswith("."):
            continue
        size = path.stat().st_size if path.is_file() else 0
        fault = file_fault(path, FileRecord(sha256=path.name, bytes=size), checksums)
        faults += [fault] if fault else []
    return tuple(faults)


def repair(store: Store, entry: DamagedEntry, checksums: Checksums) -> Repaired:
    """Take an entry's damaged files from valid copies of the same content; else quarantine the entry."""
    lock = store.lock(entry.digest)
    if not lock.try_acquire():
        return Repaired(entry, busy=True)
    try:
        restored = _restore(store, entry, checksums)
        try:
            store.verify(entry.kind, entry.digest)
        except DamagedEntryError:
            return Repaired(entry, restored, store.quarantine(entry.kind, entry.digest))
        return Repaired(entry, restored)
    finally:
        lock.release()


def remove_damaged_tensors(store: Store) -> tuple[Path, ...]:
    """Remove damaged weight files from `tensors/`; entries keep links of their own."""
    faults = damaged_tensors(store, Checksums())
    for fault in faults:
        fault.path.unlink()
    return tuple(fault.path for fault in faults)


def _restore(store: Store, entry: DamagedEntry, checksums: Checksums) -> tuple[Path, ...]:
    try:
        manifest = store.get(entry.kind, entry.digest)
    except DamagedEntryError:
        return ()
    if manifest is None:
        return ()
    place, restored = store.path(entry.kind, entry.digest), list[Path]()
    faulty = {fault.path for fault in entry.faults}
    for name, expected in manifest.files.items():
        if place / name not in faulty:
            continue
        copies = [store.layout.tensors / expected.sha256]
        copies += [place / other for other, record in manifest.files.items() if record == expected]
        valid = next((copy for copy in copies if file_fault(copy, expected, checksums) is None), None)
        if valid is not None:
            (place / name).parent.mkdir(exist_ok=True)
            link_or_copy(valid, place / name)
            restored.append(place / name)
    return tuple(restored)

"""The store: finished entries, found by digest; nothing half-written is ever seen."""

import json
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from harness.store.entry import Entry, file_records, read_entry, remove_unfinished, write_manifest
from harness.store.files import link_or_copy, sync_folder, sync_tree, write_durably
from harness.store.integrity import (
    MANIFEST,
    WEIGHTS_SUFFIX,
    Checksums,
    DamagedEntryError,
    Fault,
    entry_faults,
    file_fault,
)
from harness.store.layout import DIGEST, FORMAT, Layout, StoreError
from harness.store.lock import EntryLock
from harness.store.manifest import EntryKind, FileRecord, M

SHARED_SUFFIX = WEIGHTS_SUFFIX
# A file that was read and not changed since is not read again for so long; small stages follow in seconds.
_SECONDS_TRUSTED = 300.0
_FOLDERS = ("tensors", "building", "locks", "runs", "quarantine", "failures", "discarded")


class Store:
    """A folder of finished entries, of whatever kinds: stages, evaluations.

    An entry is made in `building/DIGEST` under its lock, then its files are forced to the disk, its
    manifest is written, and the folder is renamed into place. So an entry without a manifest never
    happened, and a reader needs no lock.
    """

    def __init__(self, root: Path) -> None:
        """Open a store, making it when the folder is absent or empty.

        Raises:
            StoreError: The folder holds something else, a newer layout, or cannot be written.
        """
        self.layout = Layout(root.expanduser().absolute())
        self._checksums = Checksums(_SECONDS_TRUSTED)
        try:
            self._open()
        except OSError as error:
            raise StoreError(
                f"store {self.layout.root}: {error.strerror}; choose a writable folder with --store"
            ) from error

    @classmethod
    def existing(cls, root: Path) -> "Store":
        """Open a store that is there.

        Raises:
            StoreError: There is none at that place, or it cannot be used.
        """
        if not (root.expanduser() / "format.json").is_file():
            raise StoreError(f"store {root}: there is none (no format.json); name it by --store")
        return cls(root)

    def _open(self) -> None:
        root = self.layout.root
        root.mkdir(parents=True, exist_ok=True)
        if not self.layout.marker.exists():
            if any(entry for entry in root.iterdir() if not entry.name.startswith(".")):
                raise StoreError(
                    f"store {root}: the folder is not empty and not a store (no format.json); choose another"
                )
            write_durably(self.layout.marker, json.dumps({"format": FORMAT}) + "\n")
        self.layout.require_format()
        for folder in _FOLDERS:
            if not (root / folder).is_dir():
                (root / folder).mkdir(exist_ok=True)

    def require_writable(self) -> None:
        """Refuse a store that can only be read.

        Raises:
            StoreError: Nothing can be written in it.
        """
        probe = self.layout.root / "building" / f".writable.{os.getpid()}"
        try:
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                f"store {self.layout.root}: nothing can be written in it ({error.strerror}); choose a "
                "writable folder with --store"
            ) from error

    def lock(self, digest: str, attempt: str = "", lost: Collection[str] = ()) -> EntryLock:
        """Return the lock under which the entry of that digest is made (see `EntryLock`)."""
        return EntryLock(self.layout.lock(digest), attempt, lost)

    def get(self, kind: EntryKind[M], digest: str) -> M | None:
        """Return the manifest of a finished entry, or None. Its files are not looked at (see `verify`).

        Raises:
            DamagedEntryError: The manifest is not as it was written.
        """
        found = self.entry(kind, digest)
        return found.manifest if found else None

    def entry(self, kind: EntryKind[M], digest: str) -> Entry[M] | None:
        """Return a finished entry with its manifest, or None. Its files are not looked at.

        Raises:
            DamagedEntryError: The manifest is not as it was written.
        """
        place = self.path(kind, digest)
        found = read_entry(place, kind.model)
        # Entries are moved into place as a whole.
        if found is None and place.exists():
            raise DamagedEntryError((Fault(place / MANIFEST, "missing"),))
        return found

    def verify(self, kind: EntryKind[M], digest: str, checksums: Checksums | None = None) -> M | None:
        """Return the manifest of a finished entry whose every file is as it was written, or None.

        To be called before an entry's files are used; reads all that were not read in the last minutes.

        Args:
            kind: Kind of the entry.
            digest: Its digest.
            checksums: Remembers files that several entries share.

        Raises:
            DamagedEntryError: Files are missing, truncated, changed, or were added.
        """
        manifest = self.get(kind, digest)
        if manifest is not None:
            faults = entry_faults(self.path(kind, digest), manifest, checksums or self._checksums)
            if faults:
                raise DamagedEntryError(faults)
        return manifest

    def quarantine(self, kind: EntryKind[M], digest: str) -> Path | None:
        """Move a damaged entry to `quarantine/`, so that it is made again; call it under its lock.

        Returns:
            Where it lies now; None where it is no longer there.
        """
        place = self.path(kind, digest)
        numbers = (number for number in range(10**6))
        target = next(
            path for number in numbers if not (path := self.layout.quarantine / f"{digest}-{number}").exists()
        )
        try:
            place.rename(target)
        except FileNotFoundError:
            return None
        sync_folder(place.parent)
        return target

    def quarantine_damaged(self, kind: EntryKind[M], digest: str) -> Path | None:
        """Move an entry to `quarantine/` if it is damaged indeed and nobody is making it anew.

        Returns:
            Where it lies now; None where it was left in its place.
        """
        lock = self.lock(digest)
        if not lock.try_acquire():
            return None
        try:
            self.verify(kind, digest)
        except DamagedEntryError:
            return self.quarantine(kind, digest)
        finally:
            lock.release()
        return None

    def all(self, kind: EntryKind[M]) -> Iterator[M]:
        """Yield the manifests of all finished entries of a kind."""
        for digest in self.digests(kind):
            manifest = self.get(kind, digest)
            if manifest is not None:
                yield manifest

    def digests(self, kind: EntryKind[M]) -> list[str]:
        """Return the digests of all entries of a kind, in order."""
        folder = self.layout.root / kind.folder
        return (
            sorted(place.name for place in folder.iterdir() if is_digest(place.name))
            if folder.is_dir()
            else []
        )

    def path(self, kind: EntryKind[M], digest: str) -> Path:
        """Return the folder of a finished entry."""
        return self.layout.entry(kind.folder, digest)

    def workdir(self, digest: str) -> Path:
        """Return the folder in which to make an entry, with whatever an earlier attempt left there."""
        folder = self.layout.building(digest)
        if folder.is_symlink():
            raise StoreError(f"{folder}: a link, which may lead out of the store; remove it")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_workdir(self, digest: str) -> None:
        """Remove what an earlier attempt at an entry left in its workdir."""
        shutil.rmtree(self.workdir(digest))
        self.workdir(digest)

    def add(self, kind: EntryKind[M], manifest: M) -> M:
        """Finish the entry that lies in its workdir; call it under its lock.

        Weight files are linked into `tensors/` by content, so that frozen embeddings take their
        space once in the whole store. Returns the manifest with the files' checksums.
        """
        workdir = self.layout.building(manifest.digest)
        remove_unfinished(workdir)
        files = file_records(workdir, self._checksums)
        for name, entry in files.items():
            if name.endswith(SHARED_SUFFIX):
                self.share(workdir / name, entry, self._checksums)
        complete = manifest.model_copy(update={"files": files})
        sync_tree(workdir)
        write_manifest(workdir, complete)
        self._put_in_place(workdir, self.path(kind, manifest.digest))
        self.layout.failure(manifest.digest).unlink(missing_ok=True)
        return complete

    def adopt(self, kind: EntryKind[M], digest: str) -> M | None:
        """Finish an entry whose maker died between its manifest and its last rename; under its lock."""
        workdir = self.layout.building(digest)
        try:
            found = read_entry(workdir, kind.model)
        except DamagedEntryError:
            found = None
        if found is None:
            return None
        if entry_faults(workdir, found.manifest, Checksums()):
            (workdir / MANIFEST).unlink()
            return None
        self._put_in_place(workdir, self.path(kind, digest))
        return found.manifest

    def record_failure(self, digest: str, error: str) -> None:
        """Note why making an entry failed, for leaderboards that are published later."""
        write_durably(self.layout.failure(digest), json.dumps({"error": error}, ensure_ascii=False) + "\n")

    def failure(self, digest: str) -> str | None:
        """Return why making an entry failed when it was last tried, or None."""
        try:
            return str(json.loads(self.layout.failure(digest).read_text(encoding="utf-8"))["error"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _put_in_place(self, workdir: Path, place: Path) -> None:
        # Only the remains of a removed or damaged entry can lie there; a finished one is not made again.
        if place.exists():
            shutil.rmtree(place)
        place.parent.mkdir(exist_ok=True)
        workdir.rename(place)
        sync_folder(place.parent)
        self.layout.discarded(place.name).unlink(missing_ok=True)

    def has_discarded(self, digest: str) -> bool:
        """Return whether an entry's weights were dropped; it is made again where they are needed."""
        return self.layout.discarded(digest).exists()

    def share(self, path: Path, entry: FileRecord, checksums: Checksums) -> None:
        """Make a weight file and the file of that content in `tensors/` one; a damaged one is replaced."""
        shared = self.layout.tensors / entry.sha256
        if file_fault(shared, entry, checksums) is not None:
            link_or_copy(path, shared)
        else:
            link_or_copy(shared, path)


def is_digest(name: str) -> bool:
    """Return whether a name is that of an entry."""
    return DIGEST.fullmatch(name) is not None

"""The store: finished stages and evaluations, found by digest; nothing half-written is ever seen."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Generic

from pydantic import ValidationError

from harness.store.files import link_or_copy, record, sync_folder, sync_tree, write_durably
from harness.store.layout import FORMAT, Layout, StoreError
from harness.store.lock import EntryLock
from harness.store.manifest import EntryKind, FileRecord, M

MANIFEST = "manifest.json"
_SHARED_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Entry(Generic[M]):
    """A finished entry: its manifest, the folder it lies in, and the sha256 of the manifest's file."""

    manifest: M
    folder: Path
    sha256: str

    @property
    def key(self) -> str:
        """Its place below the store: `stages/DIGEST` or `evaluations/DIGEST`."""
        return f"{self.folder.parent.name}/{self.folder.name}"


class Store:
    """A folder of finished stages and evaluations.

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
        try:
            self._open()
        except OSError as error:
            raise StoreError(
                f"store {self.layout.root}: {error.strerror}; choose a writable folder with --store"
            ) from error

    def _open(self) -> None:
        root = self.layout.root
        root.mkdir(parents=True, exist_ok=True)
        marker = root / "format.json"
        if not marker.exists():
            if any(entry for entry in root.iterdir() if not entry.name.startswith(".")):
                raise StoreError(
                    f"store {root}: the folder is not empty and not a store (no format.json); choose another"
                )
            write_durably(marker, json.dumps({"format": FORMAT}) + "\n")
        found = json.loads(marker.read_text(encoding="utf-8")).get("format")
        if found != FORMAT:
            raise StoreError(
                f"store {root}: its format is {found!r}, this xstilts reads {FORMAT}; use another store"
            )
        for folder in ("stages", "evaluations", "retentions", "tensors", "building", "locks", "runs"):
            (root / folder).mkdir(exist_ok=True)

    def lock(self, digest: str) -> EntryLock:
        """Return the lock under which the stage or evaluation of that digest is made."""
        return EntryLock(self.layout.lock(digest))

    def get(self, kind: EntryKind[M], digest: str) -> M | None:
        """Return the manifest of a finished entry, or None."""
        found = self.entry(kind, digest)
        return found.manifest if found else None

    def entry(self, kind: EntryKind[M], digest: str) -> Entry[M] | None:
        """Return a finished entry, or None."""
        return _read(self.path(kind, digest), kind.model)

    def all(self, kind: EntryKind[M]) -> Iterator[M]:
        """Yield the manifests of all finished entries of a kind."""
        for place in sorted((self.layout.root / kind.folder).iterdir()):
            found = _read(place, kind.model)
            if found is not None:
                yield found.manifest

    def path(self, kind: EntryKind[M], digest: str) -> Path:
        """Return the folder of a finished entry."""
        return self.layout.entry(kind.folder, digest)

    def workdir(self, digest: str) -> Path:
        """Return the folder in which to make an entry, with whatever an earlier attempt left there."""
        folder = self.layout.building(digest)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add(self, kind: EntryKind[M], manifest: M) -> M:
        """Finish the entry that lies in its workdir; call it under its lock.

        Weight files are linked into `tensors/` by content, so that frozen embeddings take their
        space once in the whole store. Returns the manifest with the files' checksums.
        """
        workdir = self.layout.building(manifest.digest)
        files = _records(workdir)
        for name, entry in files.items():
            if name.endswith(_SHARED_SUFFIX):
                self._share(workdir / name, entry)
        complete = manifest.model_copy(update={"files": files})
        sync_tree(workdir)
        write_durably(workdir / MANIFEST, complete.model_dump_json(indent=2) + "\n")
        self._put_in_place(workdir, self.path(kind, manifest.digest))
        return complete

    def adopt(self, kind: EntryKind[M], digest: str) -> M | None:
        """Finish an entry whose maker died between its manifest and its last rename; under its lock."""
        workdir = self.layout.building(digest)
        found = _read(workdir, kind.model)
        if found is not None:
            self._put_in_place(workdir, self.path(kind, digest))
        return found.manifest if found else None

    def _put_in_place(self, workdir: Path, place: Path) -> None:
        # Only the remains of a removed or damaged entry can lie there; a finished one is not made again.
        if place.exists():
            shutil.rmtree(place)
        workdir.rename(place)
        sync_folder(place.parent)

    def _share(self, path: Path, entry: FileRecord) -> None:
        shared = self.layout.tensors / entry.sha256
        if not shared.exists():
            link_or_copy(path, shared)
        link_or_copy(shared, path)


def _records(folder: Path) -> dict[str, FileRecord]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    known: dict[tuple[int, int], FileRecord] = {}
    records: dict[str, FileRecord] = {}
    for path in paths:
        # Hard links of one file (encoder and classifier share their shards) are read once.
        status = path.stat()
        inode = (status.st_dev, status.st_ino)
        known[inode] = known.get(inode) or record(path)
        records[path.relative_to(folder).as_posix()] = known[inode]
    return records


def _read(folder: Path, model: type[M]) -> Entry[M] | None:
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Entry(model.model_validate_json(content), folder, sha256(content).hexdigest())
    except ValidationError as error:
        raise StoreError(
            f"{path}: not a manifest that this xstilts can read ({error.error_count()} errors, first: "
            f"{error.errors()[0]['msg']}); remove its folder to make the entry again"
        ) from error

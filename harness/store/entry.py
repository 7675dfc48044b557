"""A finished entry of a store: its folder, its manifest, and how they are read and written."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from pydantic import ValidationError

from harness.store.files import write_durably
from harness.store.integrity import (
    MANIFEST,
    MANIFEST_CHECKSUM,
    Checksums,
    DamagedEntryError,
    Fault,
    manifest_checksum_fault,
)
from harness.store.manifest import FileRecord, M, Manifest


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


def read_entry(folder: Path, model: type[M]) -> Entry[M] | None:
    """Read the entry of a folder; None where there is none.

    Raises:
        DamagedEntryError: The manifest is not as it was written.
    """
    path = folder / MANIFEST
    if folder.is_symlink() or path.is_symlink():
        raise DamagedEntryError((Fault(folder if folder.is_symlink() else path, "a link"),))
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DamagedEntryError((Fault(path, f"cannot be read ({error.strerror})"),)) from error
    fault = manifest_checksum_fault(folder)
    if fault is not None:
        raise DamagedEntryError((fault,))
    try:
        manifest = model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        problem = f"not a manifest that this xstilts can read ({where}: {first['msg']})"
        raise DamagedEntryError((Fault(path, problem),)) from error
    if manifest.digest != folder.name:
        raise DamagedEntryError((Fault(path, f"it is the manifest of {manifest.digest[:40]!r}"),))
    return Entry(manifest, folder, hashlib.sha256(content).hexdigest())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write an entry's manifest, durably, after a checksum of it."""
    text = manifest.model_dump_json(indent=2) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_durably(folder / MANIFEST_CHECKSUM, f"{digest}  {MANIFEST}\n")
    write_durably(folder / MANIFEST, text)


def remove_unfinished(workdir: Path) -> None:
    """Remove files that a killed process was writing under a temporary name."""
    for path in workdir.rglob(".*"):
        if path.is_file() or path.is_symlink():
            path.unlink()


def file_records(folder: Path, checksums: Checksums) -> dict[str, FileRecord]:
    """Return the records of all files of an entry but its manifest."""
    own = (MANIFEST, MANIFEST_CHECKSUM)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in own)
    return {path.relative_to(folder).as_posix(): checksums.of(path) for path in paths}

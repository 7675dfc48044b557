"""Whether the files of a finished entry are still those that its manifest lists."""

import math
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.message_text import in_short
from harness.store.files import record
from harness.store.layout import StoreError
from harness.store.manifest import FileRecord, Manifest

MANIFEST = "manifest.json"
# In the format of sha256sum; over the bytes of the manifest, which cannot hold its own checksum.
MANIFEST_CHECKSUM = "manifest.sha256"
WEIGHTS_SUFFIX = ".safetensors"
_TICK = 50_000_000


@dataclass(frozen=True)
class Fault:
    """One file of an entry that is not as it was written.

    Attributes:
        path: The file.
        problem: What is wrong with it.
    """

    path: Path
    problem: str

    def __str__(self) -> str:
        """Return the file and its fault in a line."""
        return f"{self.path}: {self.problem}"


class DamagedEntryError(StoreError):
    """Files of an entry are missing, truncated or changed."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        listed = "\n  ".join(str(fault) for fault in faults)
        super().__init__(
            f"the store is damaged:\n  {listed}\n"
            "'xstilts store repair' restores what has a valid copy and quarantines the rest, which a run "
            "makes again"
        )


class Checksums:
    """Checksums of files, each read once however many hard links it has."""

    def __init__(self, seconds: float = math.inf) -> None:
        """Begin without any.

        Args:
            seconds: After so long a file is read again: a disk may lose what it once held, without the
                file system knowing.
        """
        self._seconds = seconds
        self._known: dict[tuple[int, ...], tuple[float, FileRecord]] = {}

    def of(self, path: Path) -> FileRecord:
        """Return the checksum and size of a file.

        Raises:
            OSError: It cannot be read.
        """
        status = path.stat()
        inode = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        now = time.monotonic()
        read, known = self._known.get(inode, (now, None))
        if known is None or now - read > self._seconds:
            known = record(path)
            # The clock of file systems ticks slowly: within a tick a change would not show.
            if time.time_ns() - status.st_mtime_ns > _TICK:
                self._known[inode] = now, known
        return known


def file_fault(path: Path, expected: FileRecord, checksums: Checksums) -> Fault | None:
    """Compare a file with its record."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return Fault(path, "not a regular file" + (" but a link" if path.is_symlink() else ""))
        if status.st_size < expected.bytes:
            return Fault(path, f"truncated, {status.st_size:,} of {expected.bytes:,} bytes")
        found = checksums.of(path)
    except FileNotFoundError:
        return Fault(path, "missing")
    except OSError as error:
        return Fault(path, f"cannot be read ({error.strerror})")
    if found != expected:
        return Fault(path, f"changed, sha256 {found.sha256[:12]}… instead of {expected.sha256[:12]}…")
    return None


def entry_faults(folder: Path, manifest: Manifest, checksums: Checksums) -> tuple[Fault, ...]:
    """Compare every file of an entry with its manifest.

    A file that the manifest does not list is a fault too: libraries load what lies in a model's folder.
    """
    faults: list[Fault] = []
    for name, expected in manifest.files.items():
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            faults.append(Fault(folder / MANIFEST, f"lists {in_short(name)}, which is not below its folder"))
            continue
        fault = file_fault(folder / name, expected, checksums)
        if fault is not None and not (name.endswith(WEIGHTS_SUFFIX) and _is_discarded(folder / name)):
            faults.append(fault)
    listed = {*manifest.files, MANIFEST, MANIFEST_CHECKSUM}
    added = [path for path in _paths(folder) if path.relative_to(folder).as_posix() not in listed]
    faults += [Fault(path, "not in the manifest") for path in added]
    return tuple(faults)


def _is_discarded(path: Path) -> bool:
    """Return whether a file is gone because the weights of its entry were dropped."""
    if path.exists():
        return False
    entry = next(folder for folder in path.parents if (folder / MANIFEST).exists())
    return (entry.parent.parent / "discarded" / entry.name).exists()


def _paths(folder: Path) -> list[Path]:
    """Return all files and links below a folder, without following links."""
    found: list[Path] = []
    for current, folders, files in os.walk(folder):
        here = Path(current)
        found += [here / name for name in files]
        found += [here / name for name in folders if (here / name).is_symlink()]
    return sorted(found)


def manifest_checksum_fault(folder: Path) -> Fault | None:
    """Compare a manifest with its checksum."""
    path, manifest = folder / MANIFEST_CHECKSUM, folder / MANIFEST
    try:
        expected = path.read_text(encoding="utf-8").split(" ", 1)[0]
    except FileNotFoundError:
        return Fault(path, "missing")
    except (OSError, UnicodeDecodeError) as error:
        return Fault(path, f"cannot be read ({error})")
    if record(manifest).sha256 != expected:
        return Fault(manifest, "changed, its sha256 is not that of manifest.sha256")
    return None

"""A folder that can be made again: built aside, renamed into place, checked by hash whenever it is used."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import RunError

MANIFEST = "made.json"
"""The file that says what a finished folder was made from and what it holds."""

_log = logging.getLogger(__name__)
_seen_whole: dict[Path, tuple[tuple[str, int, int, int], ...]] = {}


class CacheError(RunError):
    """The cache folder cannot be written."""


class Manifest(BaseModel):
    """What a made folder holds.

    Attributes:
        fingerprint: sha256 (hex) over the sources and the version of the recipe.
        sources: sha256 (hex) of each source, by name.
        files: sha256 (hex) of each made file, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    sources: dict[str, str]
    files: dict[str, str]


def is_whole(folder: Path, fingerprint: str) -> bool:
    """Tell whether `folder` holds exactly what its manifest lists, made under `fingerprint`.

    Every byte is hashed once per process (about 0.3 s for 490 MB), and again when a file's size, time or
    inode has changed.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        found = _signature(folder)
        if manifest.fingerprint != fingerprint or {name for name, *_ in found} != {*manifest.files, MANIFEST}:
            return False
        if _seen_whole.get(folder) == found:
            return True
        if any(sha256_of(folder / name) != digest for name, digest in manifest.files.items()):
            return False
    except (OSError, ValidationError):
        return False
    _seen_whole[folder] = found
    return True


def make_folder(
    folder: Path, fingerprint: str, sources: dict[str, str], build: Callable[[Path], None]
) -> None:
    """Make `folder` by `build`, which fills the empty folder that it is given; replace one that is not whole.

    Safe when several processes make the same folder at once: one builds, the others wait and take its work.
    A process killed meanwhile leaves nothing that passes for finished.

    Raises:
        CacheError: the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _sole_builder(folder) as workshop:
            if is_whole(folder, fingerprint):
                return
            built = workshop / "built"
            built.mkdir()
            build(built)
            files = {path.name: sha256_of(path) for path in sorted(built.iterdir())}
            manifest = Manifest(fingerprint=fingerprint, sources=sources, files=files)
            (built / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
            if folder.exists():
                _log.warning("%s is not as it was made; making it again", folder)
                folder.rename(workshop / "replaced")
            built.rename(folder)
    except OSError as error:
        raise CacheError(
            f"cannot write {folder}: {error}. Set XSTILTS_CACHE to a writable folder with 600 MB free."
        ) from error


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _sole_builder(folder: Path) -> Iterator[Path]:
    """Hold the lock of `folder` and yield an empty folder beside it, removed at the end."""
    from filelock import FileLock

    prefix = f".{folder.name}.making-"
    with FileLock(folder.parent / f".{folder.name}.lock"):
        # Whoever left one was killed: a living builder would hold the lock.
        for left in folder.parent.glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as workshop:
            yield Path(workshop)


def _signature(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    return tuple((name, stat.st_size, stat.st_mtime_ns, stat.st_ino) for name, stat in stats)

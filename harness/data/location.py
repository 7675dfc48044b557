"""Where the data folder lies, and files below it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from harness.errors import UserError
from harness.message_text import names_in_short
from harness.named_path import is_folder, is_there, user_path

VARIABLE = "XSTILTS_DATA"
DataFolders = Path | tuple[Path, ...] | None
"""A data folder, or several, of which the first that has a file counts; or none."""
# A folder's name in the layouts -> what its own download script calls it.
_HOMES = {"xtreme": ("xtreme", "download"), "glue": ("glue", "glue_data")}
_PACKED = ("", ".gz", ".bz2", ".xz", ".zst")


class DataFolderMissingError(UserError):
    """The data folder that the user named does not exist."""

    page = "how-to/add-a-task.md"


class OutsideDataFolderError(UserError):
    """A path of a source leads out of the data folder."""


def data_folders(options: Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the data folders: those of the options, else those of `XSTILTS_DATA`, else none.

    In the variable several folders are separated as in `PATH`. A file is taken from the first that has it.

    Raises:
        DataFolderMissingError: a folder is named but there is none.
    """
    named: Sequence[str | Path] = options
    by = "--data-dir"
    if not named:
        by, named = VARIABLE, [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    found = []
    for folder in map(user_path, named):
        if not is_folder(folder):
            raise DataFolderMissingError(
                f"{by}: {folder} is not a folder; name the folder that holds xtreme/ and glue/, "
                f"or leave {by} out to take the data from the hub"
            )
        found.append(folder.resolve())
    return tuple(dict.fromkeys(found))


def as_folders(data_dir: DataFolders) -> tuple[Path, ...]:
    """Return the data folders as a tuple."""
    if data_dir is None:
        return ()
    return (data_dir,) if isinstance(data_dir, Path) else data_dir


def below(folder: Path, relative: str) -> Path:
    """Return the place of `relative` below the data folder, whether or not a file is there.

    A data folder may be XTREME's or GLUE's own: `xtreme/xnli/…` is then found as `xnli/…`. A name that is
    not there is also found in other letter case, and compressed. Links are followed: whoever fills the data
    folder decides where its files lie.

    Raises:
        OutsideDataFolderError: the path is absolute or climbs by `..`.
    """
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith(("/", "~")) or ".." in parts:
        raise OutsideDataFolderError(
            f"{relative}: leads out of the data folder {folder}; give a path below it, without '..'"
        )
    homes = _homes(parts[0])
    for home in homes:
        found = _found(folder, (*home, *parts[1:]))
        if found is not None:
            return found
    home = next((home for home in homes if is_there(folder.joinpath(*home))), homes[0])
    return folder.joinpath(*home, *parts[1:])


def contents_beside(folder: Path, place: Path) -> str:
    """Return what the deepest existing folder above a missing place holds, for messages."""
    above = next(parent for parent in place.parents if parent == folder or is_folder(parent))
    try:
        names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in above.iterdir())
    except OSError as error:
        return f"{above} cannot be looked into ({error.strerror})"
    return f"{above} holds {names_in_short(names, 200) or 'nothing'}"


def _homes(first: str) -> list[tuple[str, ...]]:
    """Return the folders, relative to the data folder, that the first part of a path may stand for."""
    if first not in _HOMES:
        return [(first,)]
    return [*((name,) for name in _HOMES[first]), ()]


def _found(folder: Path, parts: tuple[str, ...]) -> Path | None:
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        names = [part + packed for packed in (_PACKED if last else _PACKED[:1])]
        exact = next((folder / name for name in names if is_there(folder / name)), None)
        folder_or_none = exact or next(_alike(folder, names), None)
        if folder_or_none is None:
            return None
        folder = folder_or_none
    return folder


def _alike(folder: Path, names: list[str]) -> Iterator[Path]:
    """Find names in other letter case; of two such files neither is meant."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for name in names:
        alike = [entry for entry in entries if entry.name.casefold() == name.casefold()]
        if len(alike) == 1:
            yield alike[0]

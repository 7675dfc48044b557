"""Where the data folder lies, and files below it."""

import os
from pathlib import Path

from harness.errors import UserError
from harness.named_path import is_folder, user_path

VARIABLE = "XSTILTS_DATA"


class DataFolderMissingError(UserError):
    """The data folder that the user named does not exist."""


class OutsideDataFolderError(UserError):
    """A path of a source leads out of the data folder."""


def data_folder(option: str | Path | None) -> Path | None:
    """Return the data folder: the option, else `XSTILTS_DATA`, else None.

    Raises:
        DataFolderMissingError: a folder is named but there is none.
    """
    named, by = (option, "--data-dir") if option is not None else (os.environ.get(VARIABLE), VARIABLE)
    if named is None or str(named) == "":
        return None
    folder = user_path(named)
    if not is_folder(folder):
        raise DataFolderMissingError(
            f"{by}: {folder} is not a folder; name the folder that holds xtreme/ and glue/, "
            f"or leave {by} out to take the data from the hub"
        )
    return folder.resolve()


def below(folder: Path, relative: str) -> Path:
    """Return the place of `relative` below the data folder, whether or not a file is there.

    A data folder may be XTREME's own download folder: `xtreme/xnli/…` is then found as `xnli/…`.

    Raises:
        OutsideDataFolderError: the path is absolute, climbs out by `..`, or is a link to the outside.
    """
    root = folder.resolve()
    path = Path(relative)
    if path.parts[:1] == ("xtreme",) and not (root / "xtreme").exists():
        path = Path(*path.parts[1:])
    place = (root / path).resolve()
    if path.is_absolute() or not place.is_relative_to(root):
        raise OutsideDataFolderError(
            f"{relative}: leads out of the data folder {root}; "
            "give a path below the data folder, and put copies there in place of links"
        )
    return place

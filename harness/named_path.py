"""Files and folders by names that anyone may have written, also ones that no system can have."""

import errno
from pathlib import Path


def user_path(name: str | Path) -> Path:
    """Return the path of a name; `~` and `~user` stand for home folders, where there are such."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def is_file(path: Path) -> bool:
    """Tell whether a file is there; of a name that is too long or leads in a circle, none is.

    Raises:
        PermissionError: the folder may not be looked into.
    """
    try:
        return path.is_file()
    except OSError as error:
        return _is_absent(error)


def is_folder(path: Path) -> bool:
    """Tell whether a folder is there, as `is_file` does for files."""
    try:
        return path.is_dir()
    except OSError as error:
        return _is_absent(error)


def is_link(path: Path) -> bool:
    """Return whether a link of this name is there, whether or not it leads anywhere."""
    try:
        return path.is_symlink()
    except OSError as error:
        return _is_absent(error)


def is_there(path: Path) -> bool:
    """Tell whether anything of this name is there, as `is_file` does for files."""
    try:
        return path.exists()
    except OSError as error:
        return _is_absent(error)


def _is_absent(error: OSError) -> bool:
    if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
        raise error
    return False

"""Where the files that ship with xstilts lie: beside the package in a checkout, inside it in a wheel."""

import os
from collections.abc import Iterable
from pathlib import Path

from harness.named_path import user_path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "shipped"


def shipped(folder: str) -> Path:
    """Return a shipped top-level folder: `tasks`, `sequences` or `deepspeed_configs`."""
    root = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent
    return root / folder


def user_folder() -> Path:
    """Return the folder of the user's own tasks and sequences (`XSTILTS_HOME`, else `~/.config/xstilts`).

    It may not exist. `xstilts register` copies sequence files to its `sequences/` folder; training
    tasks, corpora and tasks of lm-eval in its `tasks/` folder join the shipped ones.
    """
    home = os.environ.get("XSTILTS_HOME")
    if home:
        return user_path(home)
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "xstilts"


def evaluation_folders(further: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return the folders of evaluation tasks and corpora: shipped, the user's, others."""
    users = user_folder() / "tasks"
    return (shipped("tasks") / "evaluation", *([users] if users.is_dir() else []), *further)


def cache_folder() -> Path:
    """Return the folder for what can be made again (`XSTILTS_CACHE`, else `~/.cache/xstilts`)."""
    cache = os.environ.get("XSTILTS_CACHE")
    if cache:
        return user_path(cache)
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "xstilts"

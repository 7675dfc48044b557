"""What callers of the API and of the command line give: folders, numbers and the options of a run."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.execution.options import RunOptions

DEFAULT_STORE = Path(".xstilts/store")
DEFAULT_LEADERBOARDS = Path("leaderboards")
STORE_VARIABLE = "XSTILTS_STORE"

Folders = str | Path | Sequence[str | Path]
"""A folder, or several, of which the first that has a file counts."""


class ArgumentError(UserError):
    """An argument has a value that it cannot have."""


def run_options(
    *,
    store: str | Path | None = None,
    leaderboards: str | Path = DEFAULT_LEADERBOARDS,
    data_dir: Folders = (),
    limit: int | None = None,
    seeds: Sequence[int] | None = None,
    add_seeds: Sequence[int] | None = None,
    deepspeed: str | None = None,
    reported: str | Path | None = None,
    note: str | None = None,
    replace: bool = False,
) -> "RunOptions":
    """Return the options of a run, as a caller of `run` and the command line give them.

    Raises:
        UserError: A folder or a DeepSpeed file is not there, or a number is none that it can be.
    """
    from harness.config.deepspeed_file import find_deepspeed
    from harness.data.location import data_folders
    from harness.execution.options import RunOptions

    require_at_least(1, limit=limit)
    folder = Path(leaderboards)
    beside = folder / "reported.json"
    return RunOptions(
        store=Path(store or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE),
        leaderboards=folder,
        data_dir=data_folders(folders(data_dir)),
        limit=limit,
        seeds=None if seeds is None else tuple(seeds),
        added_seeds=tuple(add_seeds or ()),
        deepspeed=find_deepspeed(deepspeed) if deepspeed is not None else None,
        reported=Path(reported) if reported is not None else beside if beside.is_file() else None,
        note=note,
        replace=replace,
    )


def folders(named: Folders) -> tuple[str | Path, ...]:
    """Return one folder or several as a tuple."""
    return (named,) if isinstance(named, str | Path) else tuple(named)


def require_at_least(least: int, **numbers: int | None) -> None:
    """Check arguments that may be None.

    Raises:
        ArgumentError: One is less than `least`.
    """
    for name, number in numbers.items():
        if number is not None and number < least:
            raise ArgumentError(f"{name}: {number} is less than {least}; name a larger number")

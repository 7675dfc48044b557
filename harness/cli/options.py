"""Options that several commands share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli.file_argument import FileOrName, FilePath

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_STORE = Path(".xstilts/store")


class SeedList(click.ParamType[tuple[int, ...]]):
    """Seeds separated by commas: `1,2,3`."""

    name = "seeds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the seeds as integers."""
        if isinstance(value, tuple):
            return value
        try:
            seeds = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of integers such as 1,2,3", param, ctx)
        if any(not 0 <= seed < 2**31 for seed in seeds):
            self.fail(f"{value!r}: a seed is between 0 and 2147483647", param, ctx)
        return seeds


def store_option(command: F) -> F:
    """Add the option that says where finished stages and evaluations lie."""
    return click.option(
        "--store",
        type=FilePath(path_type=Path, file_okay=False),
        default=DEFAULT_STORE,
        envvar="XSTILTS_STORE",
        show_default=True,
        help="Folder of finished stages and evaluations.",
    )(command)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a run is made of and where its results lie.

    The command gets them as one `harness.execution.options.RunOptions`, named `options`.
    """

    @wraps(command)
    def with_options(
        *,
        store: Path,
        data_dir: Path | None,
        leaderboards: Path,
        limit: int | None,
        seeds: tuple[int, ...] | None,
        deepspeed: str | None,
        reported: Path | None,
        note: str | None,
        **others: Any,
    ) -> None:
        from harness.config.deepspeed_file import find_deepspeed
        from harness.data.location import data_folder
        from harness.execution.options import RunOptions

        options = RunOptions(
            store=store,
            leaderboards=leaderboards,
            data_dir=data_folder(data_dir),
            limit=limit,
            seeds=seeds,
            deepspeed=find_deepspeed(deepspeed) if deepspeed is not None else None,
            reported=reported or _reported_beside(leaderboards),
            note=note,
        )
        command(options=options, **others)

    for option in reversed(
        [
            store_option,
            click.option(
                "--data-dir",
                type=FilePath(path_type=Path),
                help="Folder with local data (XTREME's layout). [env: XSTILTS_DATA]",
            ),
            click.option(
                "--leaderboards",
                type=FilePath(path_type=Path, file_okay=False),
                default=Path("leaderboards"),
                show_default=True,
                help="Folder that the leaderboard is written to.",
            ),
            click.option(
                "--limit",
                type=click.IntRange(1),
                help="Train on and score at most N rows a task, as a trial.",
            ),
            click.option("--seeds", type=SeedList(), help="Other seeds than the file's: 1,2,3."),
            click.option(
                "--deepspeed", type=FileOrName(), help="Another DeepSpeed file: a known name or a path."
            ),
            click.option(
                "--reported",
                type=FilePath(path_type=Path, exists=True, dir_okay=False),
                help="JSON file of published numbers, shown in a table of their own and marked as not ours. "
                "[default: reported.json in the leaderboards' folder, where there is one]",
            ),
            click.option("--note", help="A remark of yours that the page shows below its question."),
        ]
    ):
        with_options = option(with_options)
    return with_options


def _reported_beside(leaderboards: Path) -> Path | None:
    path = leaderboards / "reported.json"
    return path if path.is_file() else None

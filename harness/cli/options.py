"""Options that several commands share."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.api.arguments import DEFAULT_LEADERBOARDS, DEFAULT_STORE, STORE_VARIABLE
from harness.api.arguments import run_options as make_options
from harness.cli.file_argument import FileOrName, FilePath

F = TypeVar("F", bound=Callable[..., Any])

_ONLY_PUBLISHED = ("leaderboards", "reported", "note", "replace")


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
        envvar=STORE_VARIABLE,
        show_default=True,
        help="Folder of finished stages and evaluations.",
    )(command)


def data_option(command: F) -> F:
    """Add the option that says where local data lie."""
    return click.option(
        "--data-dir",
        "data_dirs",
        type=FilePath(path_type=Path),
        multiple=True,
        help="Folder with local data (XTREME's layout); may be given several times; a file is taken from the "
        "first that has it. Files of your own tasks may also lie beside the task's file. "
        "[env: XSTILTS_DATA]",
    )(command)


def leaderboards_option(purpose: str) -> Callable[[F], F]:
    """Return what adds the option that says where leaderboards lie; `purpose` is its help."""
    return click.option(
        "--leaderboards",
        type=FilePath(path_type=Path, file_okay=False),
        default=DEFAULT_LEADERBOARDS,
        show_default=True,
        help=purpose,
    )


def named_leaderboards_option(command: F) -> F:
    """Add the option that says where the page of a sequence lies which is given by its name."""
    return leaderboards_option("Folder where the page of a sequence named by FILE lies.")(command)


def replace_option(command: F) -> F:
    """Add the option that lets a leaderboard be replaced by one that holds less."""
    return click.option(
        "--replace",
        is_flag=True,
        help="Write also over a leaderboard with more rows, seeds or items, or with other settings; a dated "
        "copy of it is kept in its folder.",
    )(command)


_PLANNED: tuple[Callable[[Any], Any], ...] = (
    data_option,
    click.option(
        "--limit", type=click.IntRange(1), help="A trial: at most N rows of each task, trained on and scored."
    ),
    click.option(
        "--seeds",
        type=SeedList(),
        help="These seeds in place of the file's: 1,2,3.",
    ),
    click.option("--add-seeds", type=SeedList(), help="Further seeds, besides the file's: 4,5."),
    click.option("--deepspeed", type=FileOrName(), help="Another DeepSpeed file: a known name or a path."),
)
_PUBLISHED: tuple[Callable[[Any], Any], ...] = (
    leaderboards_option("Folder that the leaderboard is written to."),
    click.option(
        "--reported",
        type=FilePath(path_type=Path, exists=True, dir_okay=False),
        help="JSON file of published numbers, marked as not ours; an error says its format. "
        "[default: reported.json in the leaderboards' folder, where there is one]",
    ),
    click.option("--note", help="A remark of yours that the page shows below its question."),
    replace_option,
)


def plan_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is trained, which come as `run_options` gives them."""
    return _with_options(command, _PLANNED)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a run is made of and where its results lie.

    The command gets them as one `harness.execution.options.RunOptions`, named `options`.
    """
    return _with_options(command, (store_option, *_PLANNED, *_PUBLISHED))


def _with_options(
    command: Callable[..., None], options: Sequence[Callable[[Any], Any]]
) -> Callable[..., None]:
    @wraps(command)
    def with_options(**given: Any) -> None:
        names = ("limit", "seeds", "add_seeds", "deepspeed", *_ONLY_PUBLISHED)
        taken = {name: given.pop(name) for name in names if name in given}
        taken["data_dir"] = given.pop("data_dirs")
        if store_option in options:
            taken["store"] = given.pop("store")
        command(options=make_options(**taken), **given)

    for option in reversed(options):
        with_options = option(with_options)
    return with_options

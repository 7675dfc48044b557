"""`xstilts reproduce`: train a published row again and compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import DEFAULT_STORE, data_option
from harness.errors import UserError
from harness.message_text import in_short, printable

if TYPE_CHECKING:
    from harness.reproduction.published_row import PublishedRow
    from harness.reproduction.reproduction import Reproduction

_EXPLANATION = (
    "What may rightly differ: another kind of processor or GPU, other numbers of threads or processes, other "
    "versions of torch and its libraries, and other ZeRO levels add numbers up in another order. That "
    "changes the last bits of weights, and so the answers to a few items that lie between two labels. On the "
    "same kind of machine with the same versions, everything is the same, bit for bit."
)


class RecordedCommandError(UserError):
    """The command that a leaderboard was made with cannot be read."""


@click.command("reproduce")
@click.argument("file", type=FilePath(path_type=Path))
@click.option("--row", "number", type=click.IntRange(1), required=True, help="Line of the table, from 1.")
@click.option("--target", help="The table, where there are several targets. [default: the first]")
@click.option("--seed", type=int, help="The seed to train. [default: the first with scores]")
@click.option("--sequence", type=FileOrName(), help="The sequence file, where it is no longer at its place.")
@click.option(
    "--store",
    type=FilePath(path_type=Path, file_okay=False, exists=True),
    envvar="XSTILTS_STORE",
    help="Store of the published run, to compare weights tensor by tensor. [default: .xstilts/store, if any]",
)
@click.option(
    "--into",
    type=FilePath(path_type=Path, file_okay=False),
    help="Fresh store to train in, kept afterwards. [default: a temporary one]",
)
@data_option
@click.option("--workers", type=click.IntRange(1), help="As in `xstilts run`.")
def command(
    file: Path,
    number: int,
    target: str | None,
    seed: int | None,
    sequence: str | None,
    store: Path | None,
    into: Path | None,
    data_dirs: tuple[Path, ...],
    workers: int | None,
) -> None:
    """Train a row of the leaderboard FILE (its page or JSON file) again, with all stages before its target.

    The options of the recorded command are taken over. Weights and every answer are compared with what was
    published. Exit code 1, with the differences, when they are not the same.
    """
    import tempfile

    from harness.reproduction.published_row import published_row

    row = published_row(file, number, target, seed)
    if into is not None:
        found = _reproduced(row, sequence, store, into, data_dirs, workers)
    else:
        with tempfile.TemporaryDirectory(prefix="xstilts-") as folder:
            found = _reproduced(row, sequence, store, Path(folder), data_dirs, workers)
    click.echo(printable(f"\n{row.name}, as published in {file}:"))
    for word, lines in (
        ("same", found.same),
        ("DIFFERS", found.differences),
        ("unknown", found.unknown),
        ("machine", found.machines),
    ):
        for line in lines:
            click.echo(printable(f"  {word:7}  {line}"))
    if found.differences:
        click.echo(f"\nNot the same: {len(found.differences)} differences. {_EXPLANATION}")
        raise click.exceptions.Exit(1)
    click.echo("\nThe same.")


def _reproduced(
    row: "PublishedRow",
    sequence: str | None,
    store: Path | None,
    into: Path,
    data_dirs: tuple[Path, ...],
    workers: int | None,
) -> "Reproduction":
    from rich.console import Console

    from harness.config.catalogue import find_sequence
    from harness.config.deepspeed_file import find_deepspeed
    from harness.config.load import load_sequences
    from harness.data.location import data_folders
    from harness.execution.options import RunOptions
    from harness.reproduction.reproduction import reproduce
    from harness.store.store import Store

    recorded = _recorded(row.provenance.command)
    path = sequence or (row.sequence_file if row.sequence_file.is_file() else row.sequence_file.stem)
    (loaded,) = load_sequences([find_sequence(path)])
    options = RunOptions(
        store=into,
        leaderboards=into,
        data_dir=data_folders(data_dirs),
        limit=recorded["limit"],
        deepspeed=find_deepspeed(recorded["deepspeed"]) if recorded["deepspeed"] else None,
        workers=workers,
        processes=recorded["processes"],
    )
    known = store or (DEFAULT_STORE if DEFAULT_STORE.is_dir() else None)
    original = Store(known) if known is not None else None
    return reproduce(row, loaded, options, original, Console())


def _recorded(line: str) -> dict[str, Any]:
    """Return the options of the recorded `xstilts run …`.

    Raises:
        RecordedCommandError: it is none.
    """
    import shlex

    from harness.cli.run import command as run

    try:
        parsed: dict[str, Any] = run.make_context("xstilts run", shlex.split(line)[2:]).params
    except (ValueError, click.ClickException, click.exceptions.Exit) as error:
        raise RecordedCommandError(
            f"the leaderboard was made with {in_short(line)}, which is no command of this xstilts; take the "
            "version that the page names"
        ) from error
    return parsed

"""`xstilts reproduce`: train a published row again and compare."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from harness.api.arguments import DEFAULT_STORE
from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import data_option
from harness.errors import UserError
from harness.message_text import in_short, printable

if TYPE_CHECKING:
    from harness.config.deepspeed_file import DeepSpeedFile
    from harness.config.load import LoadedSequence
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
@click.option(
    "--row",
    "number",
    type=click.IntRange(1),
    required=True,
    help="Row of the target's table, from 1 at its top, as FILE orders it.",
)
@click.option("--target", help="The table, where there are several targets. [default: the first]")
@click.option("--seed", type=int, help="The seed to train. [default: the first with scores]")
@click.option("--sequence", type=FileOrName(), help="Another sequence file than the one kept with FILE.")
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
    from harness.reproduction.published_row import published_row

    row = published_row(file, number, target, seed)
    if into is not None:
        found = _reproduced(row, sequence, store, into, data_dirs, workers)
    else:
        with TemporaryDirectory(prefix="xstilts-") as folder:
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

    from harness.data.location import data_folders
    from harness.execution.options import RunOptions
    from harness.reproduction.reproduction import reproduce
    from harness.store.store import Store

    recorded = _recorded(row.provenance.command)
    with TemporaryDirectory(prefix="xstilts-") as folder:
        loaded, deepspeed = _experiment(row, sequence, recorded["deepspeed"], Path(folder))
        beside = row.sequence_file.absolute().parent / "tasks"
        options = RunOptions(
            store=into,
            leaderboards=into,
            data_dir=(*data_folders(data_dirs), *([beside] if beside.is_dir() else [])),
            limit=recorded["limit"],
            deepspeed=deepspeed,
            workers=workers,
            processes=recorded["processes"],
        )
        known = store or (DEFAULT_STORE if DEFAULT_STORE.is_dir() else None)
        original = Store(known) if known is not None else None
        return reproduce(row, loaded, options, original, Console())


def _experiment(
    row: "PublishedRow", sequence: str | None, deepspeed: str | None, folder: Path
) -> "tuple[LoadedSequence, DeepSpeedFile | None]":
    """Return the experiment of a row: from the files kept with it, unless another sequence file is named."""
    from harness.config.catalogue import find_sequence
    from harness.config.deepspeed_file import find_deepspeed
    from harness.config.load import load_sequences
    from harness.results.kept_files import unpack

    if row.kept is not None and sequence is None:
        path, kept = unpack(row.kept, folder, row.sequence_file.absolute().parent)
        (loaded,) = load_sequences([path])
        return loaded, kept
    place = sequence or (row.sequence_file if row.sequence_file.is_file() else row.sequence_file.stem)
    (loaded,) = load_sequences([find_sequence(place)])
    return loaded, find_deepspeed(deepspeed) if deepspeed else None


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

"""`xstilts publish`: leaderboards from what stores hold, without training anything."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.file_argument import FileOrName, FilePath
from harness.cli.options import run_options
from harness.cli.sequence_argument import load_sequence

if TYPE_CHECKING:
    from harness.execution.options import RunOptions


@click.command("publish")
@click.argument("files", nargs=-1, required=True, type=FileOrName())
@run_options
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=FilePath(path_type=Path, file_okay=False, exists=True),
    help="Store to read, in place of --store; may be given several times.",
)
@click.option("--together", metavar="NAME", help="Write one leaderboard of this name from all FILES.")
@click.option("--title", help="Title of the leaderboard that --together names.")
def command(
    files: tuple[str, ...],
    options: "RunOptions",
    sources: tuple[Path, ...],
    together: str | None,
    title: str | None,
) -> None:
    """Write the leaderboards of FILES (paths or names of known sequences) from the store or several stores.

    Give the options with which they were run. Sequences that were not run are listed as such. An
    evaluation that two stores hold is taken once; if its results differ, it is refused.
    """
    from harness.execution.run import publish_files

    loaded = [load_sequence(file) for file in files]
    stores = sources or (options.store,)
    for published in publish_files(loaded, stores, replace(options, store=stores[0]), together, title):
        click.echo(str(published.markdown))

"""`xstilts verify`: recompute published leaderboards from the predictions beside them."""

from pathlib import Path

import click

from harness.cli.file_argument import FilePath
from harness.message_text import printable


@click.command("verify")
@click.argument("files", metavar="FILES...", nargs=-1, required=True, type=FilePath(path_type=Path))
@click.option(
    "--store",
    "stores",
    multiple=True,
    type=FilePath(path_type=Path, file_okay=False, exists=True),
    help="Hold this store's manifests and files to the published checksums, too. May be given several times.",
)
def command(files: tuple[Path, ...], stores: tuple[Path, ...]) -> None:
    """Recompute every number of the leaderboards FILES (pages, their JSON files, or folders of them).

    Every metric's item scores are recomputed from the stored predictions and references, scores and
    statistics from those, and the page from all of it; no model and no store are needed. Each difference is
    named with its file, row and column, and the exit code is then 1.
    """
    from harness.report.verify import leaderboards_of, verify

    failed = False
    for file in leaderboards_of(files):
        result = verify(file, stores)
        for difference in result.differences:
            place = ", ".join(filter(None, (difference.row, difference.column)))
            click.echo(printable(f"{difference.file}: {place}: published {difference.published}"))
            click.echo(printable(f"{'':4}recomputed {difference.recomputed}"))
        counts = f"{result.numbers:,} numbers from {result.predictions:,} predictions"
        verdict = f"{len(result.differences)} differences" if result.differences else "all as published"
        click.echo(f"{result.page}: {counts}: {verdict}")
        failed = failed or bool(result.differences)
    if failed:
        raise SystemExit(1)

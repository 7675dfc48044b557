"""`xstilts analyze`: what a leaderboard says about the order of tasks."""

from pathlib import Path

import click

from harness.cli.file_argument import FileOrName
from harness.cli.options import named_leaderboards_option


@click.command("analyze")
@click.argument("file", type=FileOrName())
@named_leaderboards_option
@click.option(
    "--difference",
    "differences",
    type=click.FloatRange(0, 100, min_open=True),
    multiple=True,
    help="Points for which to say how many seeds are needed; may be given several times.",
)
def command(file: str, leaderboards: Path, differences: tuple[float, ...]) -> None:
    """Say whether order matters in the leaderboard FILE (its JSON file or page, or a sequence's name).

    Shares of variance, tests of order, effects of a task's place, agreement of rankings, seeds needed;
    the gap to English, what languages' scores and gains go with, and forgetting where it was measured.
    """
    from harness.report.analyses import find_publication, with_differences
    from harness.report.renderers.terminal import render_terminal

    publication = find_publication(file, leaderboards)
    if differences:
        publication = with_differences(publication, [difference / 100 for difference in differences])
    click.echo(render_terminal(publication, brief=False))

"""`xstilts merge`: published leaderboards of several files and machines as one."""

from pathlib import Path

import click

from harness.cli.file_argument import FilePath
from harness.cli.options import leaderboards_option, replace_option


@click.command("merge")
@click.argument("pages", nargs=-1, required=True, type=FilePath(path_type=Path))
@click.option("--name", help="Name of the combination (a-z, 0-9, -); needed for several PAGES.")
@click.option("--title", help="Its title. [default: those of PAGES]")
@click.option("--question", help="The question it answers.")
@leaderboards_option("Folder that it is written to.")
@replace_option
def command(
    pages: tuple[Path, ...],
    name: str | None,
    title: str | None,
    question: str | None,
    leaderboards: Path,
    replace: bool,
) -> None:
    """Combine the leaderboards PAGES (pages or JSON files) from the predictions beside them.

    A row that several have stands once; the same evaluation with other results is refused, and so are other
    models, data or settings. Each row keeps where and with what it was made. One page alone is written
    again in the present format.
    """
    from harness.report.merge import merge

    published = merge(pages, leaderboards, name, title, question, replace=replace)
    click.echo(str(published.markdown))

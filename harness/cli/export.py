"""`xstilts export`: published predictions in the formats of benchmarks."""

from pathlib import Path

import click

from harness.cli.file_argument import FilePath
from harness.cli.options import data_option


@click.group("export")
def command() -> None:
    """Write published predictions in the format of a benchmark."""


@command.command("xtreme")
@click.argument("file", type=FilePath(path_type=Path))
@click.option(
    "--order",
    required=True,
    help="The rows' intermediate tasks, in order, separated by commas; '' for the target-only baseline.",
)
@click.option("--seed", type=int, help="Whose predictions. [default: the first seed]")
@click.option(
    "--into", type=FilePath(path_type=Path, file_okay=False), required=True, help="Folder of the submission."
)
@data_option
def xtreme(file: Path, order: str, seed: int | None, into: Path, data_dirs: tuple[Path, ...]) -> None:
    """Write the rows of the leaderboard FILE (its page or JSON file) as a submission to XTREME.

    All its targets with that order of intermediate tasks and that seed, TARGET/test-LANGUAGE as XTREME's
    evaluation reads them. Tatoeba needs its sentences (--data-dir), which XTREME sorts.
    """
    from harness.config.catalogue import Catalogue
    from harness.data.location import data_folders
    from harness.export.published import published_predictions
    from harness.export.xtreme import export_xtreme

    corpora = Catalogue.load().corpora
    tasks = [name.strip() for name in order.split(",") if name.strip()]
    predictions = published_predictions(file, tuple(tasks), seed, corpora)
    written = export_xtreme(predictions, corpora, into, data_folders(data_dirs))
    for name, count in written.files.items():
        click.echo(f"{into / name}  {count:,}")
    if written.missing:
        click.echo(
            f"{len(written.missing)} of XTREME's files are missing, since the leaderboard has no predictions "
            f"for them: {', '.join(written.missing)}"
        )

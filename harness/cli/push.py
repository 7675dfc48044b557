"""`xstilts push`: a published row's checkpoint, model card and leaderboard, to the Hugging Face hub."""

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from harness.cli.file_argument import FilePath
from harness.cli.options import store_option


@click.command("push")
@click.argument("file", type=FilePath(path_type=Path))
@click.option(
    "--row",
    "number",
    type=click.IntRange(1),
    required=True,
    help="Row of the target's table, from 1 at its top, as FILE orders it.",
)
@click.option("--target", help="The table, where there are several targets. [default: the first]")
@click.option("--seed", type=int, help="Whose checkpoint. [default: the first with scores]")
@click.option("--repository", required=True, metavar="OWNER/NAME", help="Model repository on the hub.")
@click.option("--private", is_flag=True, help="Make the repository private, where it is made.")
@click.option(
    "--dry-run",
    type=FilePath(path_type=Path, file_okay=False),
    help="Write what would be uploaded to this folder, and upload nothing.",
)
@store_option
def command(
    file: Path,
    number: int,
    target: str | None,
    seed: int | None,
    repository: str,
    private: bool,
    dry_run: Path | None,
    store: Path,
) -> None:
    """Upload the checkpoint of a row of the leaderboard FILE (its page or JSON file), and the leaderboard.

    The model card names base model, sequence, data and scores with intervals, and holds the scores in the
    hub's model-index format. The token is huggingface_hub's: `hf auth login`, or HF_TOKEN.
    """
    from harness.export.hub import write_model
    from harness.export.upload import upload
    from harness.store.store import Store

    opened = Store.existing(store)
    if dry_run is not None:
        row = write_model(file, number, target, seed, opened, repository, dry_run)
        click.echo(f"{dry_run}: {row.name}; nothing was uploaded")
        return
    with TemporaryDirectory(prefix="xstilts-") as folder:
        row = write_model(file, number, target, seed, opened, repository, Path(folder))
        message = f"{row.name}, of the leaderboard {row.board.name}"
        click.echo(upload(Path(folder), repository, message, private=private))

"""`xstilts register`: keep a sequence file under its name."""

import click

from harness.cli.file_argument import FileOrName
from harness.cli.sequence_argument import load_sequence


@click.command("register")
@click.argument("file", type=FileOrName())
@click.option("--force", is_flag=True, help="Replace a registered sequence of the same name.")
def command(file: str, force: bool) -> None:
    """Check FILE, show its plan, and copy it to the user's sequences.

    From then on it is known by its `name:` in every command, e.g. `xstilts run NAME`.
    """
    from harness.config.registry import register
    from harness.planning.drawing import draw

    loaded = load_sequence(file)
    copy = register(loaded, force=force)
    click.echo(draw(loaded))
    click.echo(f"\nRegistered as {loaded.spec.name}: {copy}")
    contrasts = ", ".join(map(str, loaded.spec.contrasts))
    click.echo(f"Primary contrasts: {contrasts} (analysis sha256 {loaded.spec.analysis_digest[:12]})")

"""`xstilts unregister`: forget a registered sequence."""

import click


@click.command("unregister")
@click.argument("name")
def command(name: str) -> None:
    """Remove the registered sequence NAME; finished stages and leaderboards stay."""
    from harness.config.registry import unregister

    click.echo(f"Removed {unregister(name)}")

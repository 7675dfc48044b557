"""`xstilts diff`: a registered sequence beside the file that it was copied from."""

import click

from harness.cli.file_argument import FileOrName
from harness.errors import UserError
from harness.message_text import printable


class OriginGoneError(UserError):
    """The file that a registered sequence was copied from is not there."""


@click.command("diff")
@click.argument("name")
@click.argument("file", type=FileOrName(), required=False)
def command(name: str, file: str | None) -> None:
    """Show how FILE differs from the registered sequence NAME.

    Without FILE it is the one that was registered. Exit code 1 where they differ.
    """
    from difflib import unified_diff

    from harness.config.catalogue import find_sequence
    from harness.config.registry import origin, registered_copy
    from harness.named_path import is_file

    copy = registered_copy(name)
    other = find_sequence(file) if file else origin(copy)
    if other is None or not is_file(other):
        raise OriginGoneError(f"{name}: the file that it was copied from ({other}) is gone; name one as FILE")
    before, after = (path.read_text(encoding="utf-8", errors="replace") for path in (copy, other))
    lines = list(unified_diff(before.splitlines(), after.splitlines(), str(copy), str(other), lineterm=""))
    if lines:
        click.echo(printable("\n".join(lines)))
        raise click.exceptions.Exit(1)
    click.echo(printable(f"{other} is what is registered as {name}."))

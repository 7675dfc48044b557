"""Sequence files as commands take them: a path, or the name of a shipped or registered sequence."""

from typing import TYPE_CHECKING

import click

from harness.message_text import printable

if TYPE_CHECKING:
    from harness.config.load import LoadedSequence


def load_sequence(name: str) -> "LoadedSequence":
    """Read and check a sequence file; say where a registered copy is no longer what it was copied from.

    Raises:
        SpecError: there is none, or it has problems.
    """
    from harness.config.catalogue import find_sequence
    from harness.config.load import load_sequences
    from harness.config.registry import is_stale, origin

    path = find_sequence(name)
    if is_stale(path):
        source = origin(path)
        warning = (
            f"warning: {path.stem} is a registered copy; {source}, which it was copied from, was changed "
            "since. "
            f"See the changes: xstilts diff {path.stem}; take them over: xstilts register {source} --force"
        )
        click.echo(printable(warning), err=True)
    (loaded,) = load_sequences([path])
    return loaded

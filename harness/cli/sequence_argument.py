"""Sequence files as commands take them: a path, or the name of a shipped or registered sequence."""

import warnings
from typing import TYPE_CHECKING

import click

from harness.api.experiment import StaleCopyWarning, load
from harness.message_text import printable

if TYPE_CHECKING:
    from harness.config.load import LoadedSequence


def load_sequence(name: str) -> "LoadedSequence":
    """Read and check a sequence file; say where a registered copy is no longer what it was copied from.

    Raises:
        SpecError: there is none, or it has problems.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StaleCopyWarning)
        loaded = load(name)
    for warning in caught:
        click.echo(printable(f"warning: {warning.message}"), err=True)
    return loaded

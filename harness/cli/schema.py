"""`xstilts schema`: JSON Schemas for editors."""

import json
from typing import Literal

import click


@click.command("schema")
@click.option(
    "--kind",
    type=click.Choice(["sequence", "task", "corpus"]),
    default="sequence",
    show_default=True,
    help="Sequence files, training task files, or corpora (evaluation rows).",
)
def command(kind: Literal["sequence", "task", "corpus"]) -> None:
    """Print the JSON Schema of sequence files or others, by which editors complete and check them.

    With the YAML extension of VS Code, for example: save it as xstilts.schema.json and begin a file with
    "# yaml-language-server: $schema=xstilts.schema.json".
    """
    from harness.config.schema import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))

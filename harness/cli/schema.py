"""`xstilts schema`: JSON Schemas for editors."""

import json
from typing import Literal

import click


@click.command("schema")
@click.option(
    "--kind",
    type=click.Choice(["sequence", "task"]),
    default="sequence",
    show_default=True,
    help="Sequence files, or training task files.",
)
def command(kind: Literal["sequence", "task"]) -> None:
    """Print the JSON Schema of sequence files, by which editors complete and check them.

    With the YAML extension of VS Code, for example: save it as xstilts.schema.json and begin a file with
    "# yaml-language-server: $schema=xstilts.schema.json".
    """
    from harness.config.schema import json_schema

    click.echo(json.dumps(json_schema(kind), indent=2, ensure_ascii=False))

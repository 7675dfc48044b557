"""JSON Schemas of the files that users write, for editors."""

from collections.abc import Callable
from typing import Any, Literal

from harness.config.sequence_file import SequenceFile
from harness.config.training_task import training_task_schema

Kind = Literal["sequence", "task"]
KINDS: dict[Kind, Callable[[], dict[str, Any]]] = {
    "sequence": SequenceFile.model_json_schema,
    "task": training_task_schema,
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of sequence files or of training task files."""
    return {"$schema": _DIALECT, **KINDS[kind]()}

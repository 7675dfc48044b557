"""JSON Schemas of the files that users write, for editors."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from harness.config.corpus import CorpusFile
from harness.config.sequence_file import SequenceFile
from harness.kinds.registry import KINDS as TASK_KINDS


def _training_task_schema() -> dict[str, Any]:
    models: list[Any] = [TASK_KINDS.get(name).task_model for name in TASK_KINDS.names()]
    one_of: Any = Annotated[reduce(or_, models), Field(discriminator="kind")]
    return TypeAdapter(one_of).json_schema()


Kind = Literal["sequence", "task", "corpus"]
KINDS: dict[Kind, Callable[[], dict[str, Any]]] = {
    "sequence": SequenceFile.model_json_schema,
    "task": _training_task_schema,
    "corpus": CorpusFile.model_json_schema,
}

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of sequence files, training task files or corpora."""
    return {"$schema": _DIALECT, **KINDS[kind]()}

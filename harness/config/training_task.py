"""A training task: a data set with its kind, columns, labels and sources."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from harness.config.task_base import (
    EmbeddedSource,
    FolderSource,
    HeldOutSources,
    HubSource,
    Name,
    Sources,
    Task,
    Text,
)
from harness.config.task_kinds import (
    ClassificationTask,
    MaskedLMTask,
    MultipleChoiceTask,
    SpanExtractionTask,
    TaggingTask,
)

__all__ = [
    "TASK_KINDS",
    "AnyKindTask",
    "ClassificationTask",
    "EmbeddedSource",
    "FolderSource",
    "HeldOutSources",
    "HubSource",
    "MaskedLMTask",
    "MultipleChoiceTask",
    "Name",
    "Sources",
    "SpanExtractionTask",
    "TaggingTask",
    "Task",
    "Text",
    "TrainingTask",
    "training_task",
    "training_task_schema",
]

Kind = Literal["classification", "multiple_choice", "span_extraction", "tagging", "masked_lm"]

TrainingTask = Annotated[
    ClassificationTask | MultipleChoiceTask | SpanExtractionTask | TaggingTask | MaskedLMTask,
    Field(discriminator="kind"),
]
"""One data set to fine-tune on, of any kind; `kind` tells which."""

TASK_KINDS: Mapping[str, type[Task]] = MappingProxyType(
    dict(
        zip(
            get_args(Kind),
            (ClassificationTask, MultipleChoiceTask, SpanExtractionTask, TaggingTask, MaskedLMTask),
            strict=True,
        )
    )
)
"""Kind -> its model."""

_ADAPTER: TypeAdapter[TrainingTask] = TypeAdapter(TrainingTask)


class AnyKindTask(Task):
    """What can be checked in a file whose kind is missing or unknown."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: Kind = Field(description="What is asked of the model; decides head and columns.")


def training_task(content: Mapping[str, Any]) -> TrainingTask:
    """Return the training task of a mapping.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _ADAPTER.validate_python(content)


def may_hold_any_token(tasks: Iterable[TrainingTask], trust_remote_code: bool) -> bool:
    """Tell whether the inputs of a stage over tasks can hold tokens that are not in its rows.

    Language modelling draws tokens at random, and code of a model's own may do what it likes with them.
    """
    return trust_remote_code or any(isinstance(task, MaskedLMTask) for task in tasks)


def training_task_schema() -> dict[str, Any]:
    """Return the JSON Schema of training tasks: one of the kinds."""
    return _ADAPTER.json_schema()

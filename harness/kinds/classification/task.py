"""A classification task: a label for a text or a pair of texts."""

from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from harness.kinds.sources import Text, require_distinct
from harness.kinds.task import Task
from harness.message_text import in_short, names_in_short


class ClassificationTask(Task):
    """A label for a text or a pair of texts."""

    generated: ClassVar[bool] = True

    kind: Literal["classification"]
    inputs: tuple[Text, ...] = Field(min_length=1, max_length=2, description="The text column(s), in order.")
    label: Text = Field(description="The column that holds the label.")
    labels: tuple[Text, ...] = Field(
        min_length=2, max_length=1000, description="Label names; the position is the label's id."
    )
    label_values: dict[str, Text] | None = Field(
        None,
        description="Value in the data -> label name, where they differ.",
    )
    drop_unlabelled: bool = Field(False, description="Leave out rows whose label is -1, empty or '-'.")

    @field_validator("inputs")
    @classmethod
    def _inputs_are_distinct(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(inputs, "the column")
        return inputs

    @field_validator("label")
    @classmethod
    def _label_is_no_input(cls, label: str, info: ValidationInfo) -> str:
        if label in info.data.get("inputs", ()):
            raise ValueError("the label column is also an input, so the answer would be part of the question")
        return label

    @field_validator("labels")
    @classmethod
    def _labels_are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(labels, "the label")
        return labels

    @field_validator("label_values")
    @classmethod
    def _label_values_name_labels(
        cls, values: dict[str, str] | None, info: ValidationInfo
    ) -> dict[str, str] | None:
        labels = info.data.get("labels")
        strange = [label for label in (values or {}).values() if labels and label not in labels]
        if strange:
            raise ValueError(
                f"{in_short(strange[0])} is no label of this task; its labels are "
                f"{names_in_short(labels or ())}"
            )
        return values

"""A multiple-choice task: which candidate fits a text."""

from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from harness.kinds.sources import Text, require_distinct
from harness.kinds.task import Task
from harness.message_text import in_short, names_in_short


class MultipleChoiceTask(Task):
    """Which of two to five candidates follows from a text, fits it, or answers it."""

    joinable: ClassVar[bool] = False

    kind: Literal["multiple_choice"]
    inputs: tuple[Text, ...] = Field(
        min_length=1, max_length=4, description="The text columns, joined by a space: what is asked."
    )
    input_values: dict[Text, dict[Text, Text]] | None = Field(
        None, description="Input column -> its value in the data -> the text that is read instead."
    )
    choices: tuple[Text, ...] = Field(
        min_length=1,
        max_length=5,
        description="The candidates' columns, or one with a list of them (choices.text: a list within).",
    )
    label: Text = Field(description="The column that tells the right candidate.")
    labels: tuple[Text, ...] = Field(
        (), max_length=5, description="How the label column names the candidates; default: 0, 1, 2 …"
    )
    first_label: Literal[0, 1] = Field(
        0, description="The first candidate's number, where they are numbered."
    )

    @field_validator("inputs", "choices", "labels")
    @classmethod
    def _are_distinct(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        require_distinct(values, "the label" if info.field_name == "labels" else "the column")
        return values

    @field_validator("input_values")
    @classmethod
    def _values_are_of_inputs(
        cls, values: dict[str, dict[str, str]] | None, info: ValidationInfo
    ) -> dict[str, dict[str, str]] | None:
        inputs = info.data.get("inputs", ())
        strange = [column for column in values or {} if inputs and column not in inputs]
        if strange:
            raise ValueError(
                f"{in_short(strange[0])} is no input of this task; its inputs are {names_in_short(inputs)}"
            )
        return values

    @field_validator("label")
    @classmethod
    def _label_is_no_text(cls, label: str, info: ValidationInfo) -> str:
        if label in (*info.data.get("inputs", ()), *info.data.get("choices", ())):
            raise ValueError(
                "the label column is also read as text, so the answer would be part of the question"
            )
        return label

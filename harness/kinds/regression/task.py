"""A regression task: a number for a text or a pair of texts."""

import math
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from harness.kinds.sources import Text, require_distinct
from harness.kinds.task import Task


class RegressionTask(Task):
    """A number for a text or a pair of texts (STS-B; Cer et al. 2017)."""

    kind: Literal["regression"]
    inputs: tuple[Text, ...] = Field(min_length=1, max_length=2, description="The text column(s), in order.")
    score: Text = Field("score", description="The column that holds the number.")
    minimum: float = Field(allow_inf_nan=False, description="The lowest number that a row may have.")
    maximum: float = Field(allow_inf_nan=False, description="The highest number that a row may have.")

    @field_validator("inputs")
    @classmethod
    def _inputs_are_distinct(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(inputs, "the column")
        return inputs

    @field_validator("score")
    @classmethod
    def _score_is_no_input(cls, score: str, info: ValidationInfo) -> str:
        if score in info.data.get("inputs", ()):
            raise ValueError("the score column is also an input, so the answer would be part of the question")
        return score

    @field_validator("maximum")
    @classmethod
    def _range_is_not_empty(cls, maximum: float, info: ValidationInfo) -> float:
        if maximum <= info.data.get("minimum", -math.inf):
            raise ValueError(f"the maximum is not above the minimum, {info.data['minimum']:g}")
        return maximum

    @property
    def labels(self) -> tuple[str, ...]:
        """None: the kind has no labels."""
        return ()

    def training_settings(self) -> dict[str, int | float]:
        """Return the range, which decides how a text-to-text model writes numbers."""
        return {"minimum": self.minimum, "maximum": self.maximum}

"""Few-shot stages: a last stage on a few examples of a target language."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harness.config.hyperparameters import Overrides
from harness.kinds.other_languages import Language, Split
from harness.kinds.sources import require_distinct


class FewShot(BaseModel):
    """After each target stage, one more on k examples of a target language, with the target's head.

    As in Lauscher et al. 2020, section 5 (https://aclanthology.org/2020.emnlp-main.363): the zero-shot
    checkpoint is trained further. The k rows are drawn by the stage's seed; those of a smaller k are among
    those of a larger one. Every language and k makes a sequence of its own, which is not zero-shot.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    language: tuple[Language, ...] = Field(min_length=1, description="ISO 639-1 codes.")
    k: tuple[Annotated[int, Field(ge=1, le=10**6)], ...] = Field(
        min_length=1, description="How many examples; each number with each language."
    )
    split: Split = Field(
        "development", alias="from", description="The rows of the language to draw from; never test rows."
    )
    training: Overrides = Field({}, description="Settings that differ from the target's.")

    @field_validator("language", "k")
    @classmethod
    def _are_distinct(cls, values: tuple[str | int, ...]) -> tuple[str | int, ...]:
        require_distinct([str(value) for value in values], "the value")
        return values

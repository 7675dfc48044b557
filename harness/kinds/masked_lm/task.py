"""A task of masked language modelling: words to guess in running text."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from harness.kinds.sources import TABLES, Text
from harness.kinds.task import Task


class MaskedLMTask(Task):
    """Words to guess in running text: continued pretraining (Devlin et al. 2019)."""

    formats: ClassVar[tuple[str, ...]] = ("text", *TABLES)

    kind: Literal["masked_lm"]
    language: Annotated[str, StringConstraints(pattern=r"^([a-z]{2}|mul)$")] = Field(
        "en",
        description="ISO 639-1 code of the texts' language, or mul for several.",
        json_schema_extra={"patternErrorMessage": "a language code of two lower-case letters, or mul"},
    )
    text: Text = Field("text", description="The column that holds the texts; a text file's lines are `text`.")
    mask_probability: float = Field(
        0.15,
        gt=0,
        le=0.5,
        description="Share of the tokens to guess: 80% masked, 10% random, 10% as they are.",
    )

    @property
    def labels(self) -> tuple[str, ...]:
        """None: the kind has no labels."""
        return ()

    def training_settings(self) -> dict[str, int | float]:
        """Return the share of masked tokens."""
        return {"mask_probability": self.mask_probability}

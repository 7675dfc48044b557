"""Where a task has rows in other languages than its own, for few-shot stages."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from harness.frozen_model import FrozenModel
from harness.kinds.sources import Sources

PLACEHOLDER = "{language}"

Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2}$"),
    Field(json_schema_extra={"patternErrorMessage": "a language code of two lower-case letters (ISO 639-1)"}),
]
Split = Literal["train", "development"]


class OtherLanguages(FrozenModel):
    """Rows with the task's columns and labels in other languages; `{language}` stands for the code."""

    languages: tuple[Language, ...] = Field(min_length=1, description="ISO 639-1 codes.")
    train: Sources | None = Field(None, description="Training rows, such as translated ones.")
    development: Sources | None = Field(None, description="Development rows; never test rows.")

    @model_validator(mode="after")
    def _tells_languages_apart(self) -> Self:
        if self.train is None and self.development is None:
            raise ValueError("at least one of train and development is needed")
        for split in ("train", "development"):
            for source in _parts(getattr(self, split)):
                if PLACEHOLDER not in source.model_dump_json():
                    raise ValueError(f"{split}: {PLACEHOLDER} must occur in every source (path, config …)")
        return self

    def sources(self, language: str, split: Split) -> Sources | None:
        """Return where the rows of a language come from; None where there are none."""
        found = self.train if split == "train" else self.development
        if found is None or language not in self.languages:
            return None
        return Sources.model_validate_json(found.model_dump_json().replace(PLACEHOLDER, language))


def _parts(sources: Sources | None) -> list[FrozenModel]:
    if sources is None:
        return []
    parts = (*sources.layouts, sources.hub, sources.embedded)
    return [part for part in parts if isinstance(part, FrozenModel)]

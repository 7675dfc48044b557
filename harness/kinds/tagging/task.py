"""A tagging task: a tag for each word of a sentence."""

from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from harness.kinds.sources import Text, require_distinct
from harness.kinds.task import Task
from harness.message_text import in_short


class TaggingTask(Task):
    """A tag for each word of a sentence."""

    joinable: ClassVar[bool] = False
    formats: ClassVar[tuple[str, ...]] = ("conll", "conllu", "jsonl", "parquet", "arrow")

    kind: Literal["tagging"]
    words: Text = Field("words", description="The column with the list of words.")
    tags: Text = Field("tags", description="The column with the list of their tags.")
    labels: tuple[Text, ...] = Field(
        (), max_length=5000, description="Tag names; default: those that occur in the rows, sorted."
    )
    label_values: dict[str, Text] | None = Field(
        None, description="Value in the data -> tag name, where they differ."
    )
    scheme: Literal["plain", "bio"] = Field(
        "plain", description="bio: B-X begins a span of kind X, I-X goes on, O is outside; scored by spans."
    )

    chunk_f1: bool = Field(
        False,
        description="Score plain tags first by the F1 of runs of one tag, as XTREME does parts of speech.",
    )

    @field_validator("labels")
    @classmethod
    def _labels_are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(labels, "the tag")
        if len(labels) == 1:
            raise ValueError("at least 2 tags are needed, or none, for those that occur in the rows")
        return labels

    @field_validator("scheme")
    @classmethod
    def _labels_follow_the_scheme(cls, scheme: str, info: ValidationInfo) -> str:
        strange = [tag for tag in info.data.get("labels", ()) if not is_bio(tag)]
        if scheme == "bio" and strange:
            raise ValueError(f"the tag {in_short(strange[0])} is neither O nor begins with B- or I-")
        return scheme

    def scoring_settings(self) -> dict[str, bool | str]:
        """Return that chunks are counted, where they are."""
        return {"chunk_f1": True} if self.chunk_f1 else {}


def is_bio(tag: str) -> bool:
    """Return whether a tag belongs to the scheme bio."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)

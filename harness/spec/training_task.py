"""A training task: an English data set with its kind, columns, labels and sources."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"),
    Field(
        json_schema_extra={
            "patternErrorMessage": "a name of lower-case letters, digits and _ that begins with a letter "
            "(at most 64 characters)"
        }
    ),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _stays_below(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in parts[0]:
        raise ValueError(
            "a path below the data folder is allowed, such as glue/rte/train.tsv; no absolute path, no .."
        )
    return path


class FolderSource(_Model):
    """A file below the data folder (`--data-dir`, `XSTILTS_DATA`)."""

    path: Annotated[Text, AfterValidator(_stays_below)] = Field(
        description="Relative path below the data folder; never leaves it."
    )
    format: Literal["tsv", "csv", "jsonl", "parquet"]
    columns: tuple[Text, ...] | None = Field(
        None,
        min_length=1,
        description="Column names of a file without a header line.",
    )


class HubSource(_Model):
    """A data set repository on the Hugging Face hub that holds parquet (loading scripts are gone)."""

    repository: Text
    config: Text | None = None
    split: Text = "train"
    revision: Text = Field("main", description="Branch, tag or commit; `xstilts lock` records the commit.")


class EmbeddedSource(_Model):
    """A data set of the corpus that xstilts generates itself."""

    corpus: Name


class Sources(_Model):
    """Where the rows come from; the first that is at hand is used: folder, hub, embedded."""

    folder: FolderSource | None = None
    hub: HubSource | None = None
    embedded: EmbeddedSource | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.folder is None and self.hub is None and self.embedded is None:
            raise ValueError("at least one of folder, hub and embedded is needed")
        return self


def _distinct(values: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {value!r} stands here twice; each may stand here once")
        seen.add(value)


class TrainingTask(_Model):
    """One data set to fine-tune on.

    Other kinds than classification (multiple choice, span extraction, tagging, masked LM) will be
    siblings of this class, told apart by `kind`.
    """

    name: Name
    kind: Literal["classification"]
    title: Text
    citation: Text
    license: Text
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = Field(
        "en",
        description="ISO 639-1 code of the rows' language.",
        json_schema_extra={"patternErrorMessage": "a language code of two lower-case letters (ISO 639-1)"},
    )
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
    expected_rows: int | None = Field(None, ge=1, le=10**12, description="Published number of rows.")
    scored_by: tuple[Name, ...] = Field(
        (), description="Evaluation groups or tasks whose labels mean the same as this task's."
    )
    sources: Sources

    @field_validator("inputs")
    @classmethod
    def _inputs_are_distinct(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        _distinct(inputs, "the column")
        return inputs

    @field_validator("label")
    @classmethod
    def _label_is_no_input(cls, label: str, info: ValidationInfo) -> str:
        if label in info.data.get("inputs", ()):
            raise ValueError("the label column is also an input, so the answer would stand in the question")
        return label

    @field_validator("labels")
    @classmethod
    def _labels_are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        _distinct(labels, "the label")
        return labels

    @field_validator("scored_by")
    @classmethod
    def _scored_by_each_once(cls, scored_by: tuple[str, ...]) -> tuple[str, ...]:
        _distinct(scored_by, "the evaluation task")
        return scored_by

    @field_validator("label_values")
    @classmethod
    def _label_values_name_labels(
        cls, values: dict[str, str] | None, info: ValidationInfo
    ) -> dict[str, str] | None:
        labels = info.data.get("labels")
        strange = [label for label in (values or {}).values() if labels and label not in labels]
        if strange:
            raise ValueError(
                f"{strange[0]!r} is no label of this task; its labels are {', '.join(labels or ())}"
            )
        return values

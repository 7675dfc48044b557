"""A training task: an English data set with its kind, columns, labels and sources."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderSource(_Model):
    """A file below the data folder (`--data-dir`, `XSTILTS_DATA`)."""

    path: str = Field(description="Relative path below the data folder; never leaves it.")
    format: Literal["tsv", "csv", "jsonl", "parquet"]
    columns: tuple[str, ...] | None = Field(
        None,
        description="Column names of a file without a header line.",
    )


class HubSource(_Model):
    """A data set repository on the Hugging Face hub that holds parquet (loading scripts are gone)."""

    repository: str
    config: str | None = None
    split: str = "train"
    revision: str = Field("main", description="Branch, tag or commit; `xstilts lock` records the commit.")


class EmbeddedSource(_Model):
    """A data set of the corpus that xstilts generates itself."""

    corpus: str


class Sources(_Model):
    """Where the rows come from; the first that is at hand is used: folder, hub, embedded."""

    folder: FolderSource | None = None
    hub: HubSource | None = None
    embedded: EmbeddedSource | None = None


class TrainingTask(_Model):
    """One data set to fine-tune on.

    Other kinds than classification (multiple choice, span extraction, tagging, masked LM) will be
    siblings of this class, told apart by `kind`.
    """

    name: Name
    kind: Literal["classification"]
    title: str
    citation: str
    license: str
    language: str = Field("en", description="ISO 639-1 code of the rows' language.")
    inputs: tuple[str, ...] = Field(min_length=1, max_length=2, description="The text column(s), in order.")
    label: str = Field(description="The column that holds the label.")
    labels: tuple[str, ...] = Field(min_length=2, description="Label names; the position is the label's id.")
    label_values: dict[str, str] | None = Field(
        None,
        description="Value in the data -> label name, where they differ.",
    )
    drop_unlabelled: bool = Field(False, description="Leave out rows whose label is -1, empty or '-'.")
    expected_rows: int | None = Field(None, ge=1, description="Published number of rows.")
    scored_by: tuple[str, ...] = Field(
        (), description="Evaluation groups or tasks whose labels mean the same as this task's."
    )
    sources: Sources

"""Where the rows of a task come from, and the words that tasks and sources share."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from harness.frozen_model import FrozenModel
from harness.message_text import in_short

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

TABLES = ("tsv", "csv", "jsonl", "parquet", "arrow")
"""The file formats that hold named columns of any content."""


def _stays_below(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in parts[0]:
        raise ValueError(
            "a path below the data folder is allowed, such as glue/rte/train.tsv; no absolute path, no .."
        )
    return path


class FolderSource(FrozenModel):
    """A file below the data folder (`--data-dir`, `XSTILTS_DATA`)."""

    path: Annotated[Text, AfterValidator(_stays_below)] = Field(
        description="Relative path below the data folder; never leaves it."
    )
    format: Literal["tsv", "csv", "jsonl", "parquet", "arrow", "squad", "conll", "conllu", "text", "bucc"] = (
        Field(
            description="arrow: a folder that datasets' save_to_disk wrote; squad: SQuAD's JSON; conll: a "
            "word and its tag on each line, blank lines between sentences; conllu: Universal Dependencies; "
            "text: a text on each line; bucc: an id and a sentence on each line, beside files in .en and "
            ".gold. Files may be compressed (gz, bz2, xz, zst)."
        )
    )
    columns: tuple[Text, ...] | None = Field(
        None,
        min_length=1,
        description="Column names of a file without a header line.",
    )
    rename: dict[Text, Text] | None = Field(
        None,
        min_length=1,
        description="Column of the file -> the task's name for it; where the file has no such column, the "
        "task's own name is looked for.",
    )
    only: dict[Text, Text] | None = Field(
        None, min_length=1, description="Column -> how its text begins; other rows are left out."
    )
    aligned: dict[Text, Annotated[Text, AfterValidator(_stays_below)]] | None = Field(
        None,
        min_length=1,
        description="Column -> another text file below the data folder, whose line i goes with line i here.",
    )
    without_gold: Text | None = Field(
        None, description="Why these files cannot be scored, and what to get: they are refused with it."
    )


class HubSource(FrozenModel):
    """A data set repository on the Hugging Face hub that holds parquet (loading scripts are gone)."""

    repository: Text = Field(description="Its id, such as nyu-mll/glue.")
    config: Text | None = Field(None, description="A configuration of the repository.")
    split: Text = Field("train", description="A split of the repository.")
    revision: Text = Field("main", description="Branch, tag or commit; `xstilts lock` records the commit.")
    only: dict[Text, Text] | None = Field(
        None, min_length=1, description="Column -> how its text begins; other rows are left out."
    )


_ONE, _SEVERAL = "(one layout)", "(several layouts)"
LAYOUT_TAGS = frozenset((_ONE, _SEVERAL))
"""Parts of the places of pydantic's errors that tell one layout from a list; no keys of the file."""

_Folder = TypeVar("_Folder", bound=FolderSource)


def _one_or_several(value: Any) -> str:
    return _SEVERAL if isinstance(value, list | tuple) else _ONE


Layouts = Annotated[
    Annotated[_Folder, Tag(_ONE)]
    | Annotated[tuple[_Folder, ...], Tag(_SEVERAL), Field(min_length=1, max_length=20)],
    Discriminator(_one_or_several),
]
"""One layout of a data set's files, or several, of which the first that is there is used."""


def listed_layouts(folder: _Folder | tuple[_Folder, ...] | None) -> tuple[_Folder, ...]:
    """Return the layouts of `Layouts` as a tuple; empty for None."""
    if folder is None:
        return ()
    return folder if isinstance(folder, tuple) else (folder,)


class EmbeddedSource(FrozenModel):
    """A data set of the corpus that xstilts generates itself."""

    corpus: Name = Field(description="Name of the generated data set.")
    language: Text = Field("en", description="ISO 639-1 code; training rows are English.")
    split: Literal["train", "validation", "test"] = Field("train", description="Test rows are for corpora.")


class Sources(FrozenModel):
    """Where the rows come from; the first that is available is used: folder, hub, embedded."""

    folder: Layouts[FolderSource] | None = Field(None, description="Files below the data folder.")
    hub: HubSource | None = Field(None, description="A repository on the hub.")
    embedded: EmbeddedSource | None = Field(None, description="Rows that xstilts generates.")

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.folder is None and self.hub is None and self.embedded is None:
            raise ValueError("at least one of folder, hub and embedded is needed")
        return self

    @property
    def layouts(self) -> tuple[FolderSource, ...]:
        """The layouts of the folder's files, in the order in which they are looked for."""
        return listed_layouts(self.folder)

    @property
    def split_names(self) -> frozenset[str]:
        """The splits that these sources are by their names; XTREME's files say `dev` for validation."""
        # datasets' syntax: `train+test[:10%]`
        splits = {part.split("[")[0].strip() for part in self.hub.split.split("+")} if self.hub else set()
        names = (layout.path.rsplit("/", 1)[-1] for layout in self.layouts)
        # test-de.tsv, test_2k.tsv, xnli.test.tsv
        words = {word for name in names for word in re.split(r"[-_.]", name)}
        return frozenset(splits | words | ({self.embedded.split} if self.embedded else set()))


class HeldOutSources(FrozenModel):
    """Where held-out rows come from: the first source that is available, or a share of the training rows."""

    folder: Layouts[FolderSource] | None = Field(None, description="Files below the data folder.")
    hub: HubSource | None = Field(None, description="A repository on the hub.")
    embedded: EmbeddedSource | None = Field(None, description="Rows that xstilts generates.")
    share: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="Without a source: hold out about this share of the training rows, which are then never "
        "trained on. Rows with the same first text stay together, so that none is on both sides.",
    )
    seed: int = Field(0, ge=0, lt=2**31, description="Which rows a share holds out.")

    @model_validator(mode="after")
    def _sources_or_share(self) -> Self:
        sources = self.folder is not None or self.hub is not None or self.embedded is not None
        if sources == (self.share is not None):
            raise ValueError("either a source (folder, hub or embedded) or a share is needed")
        return self

    @property
    def sources(self) -> Sources | None:
        """Where rows of their own come from; None where a share of the training rows is held out."""
        if self.share is not None:
            return None
        return Sources(folder=self.folder, hub=self.hub, embedded=self.embedded)


def require_distinct(values: Iterable[str], what: str) -> None:
    """Raise a ValueError where a value stands twice."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{what} {in_short(value)} stands here twice; each may stand here once")
        seen.add(value)

"""What training tasks of every kind have in common."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, StringConstraints, field_validator

from harness.frozen_model import FrozenModel
from harness.kinds.other_languages import OtherLanguages
from harness.kinds.sources import (
    TABLES,
    HeldOutSources,
    Name,
    Sources,
    Text,
    listed_layouts,
    require_distinct,
)


class Task(FrozenModel):
    """What every training task says, whatever its kind; each kind adds its columns and labels.

    Attributes:
        formats: The file formats that hold what the kind needs.
        generated: Whether the embedded corpus has data sets of the kind.
        joinable: Whether rows of several sources can follow on each other.
        labels: Names of the label ids; empty where the kind has none, or takes them from the rows.
    """

    formats: ClassVar[tuple[str, ...]] = TABLES
    generated: ClassVar[bool] = False
    joinable: ClassVar[bool] = True

    if TYPE_CHECKING:
        # Every kind defines it: as a field that the file sets, or as a property.
        @property
        def labels(self) -> tuple[str, ...]:  # noqa: D102 see above
            ...

    name: Name = Field(description="Its name in sequence files; also the name of its file.")
    kind: str = Field(description="What is asked of the model; decides head and columns.")
    title: Text = Field(
        default_factory=lambda known: known.get("name", ""),
        description="Its name in the literature. [default: `name`]",
    )
    citation: Text | None = Field(None, description="Where the data set was published.")
    license: Text | None = Field(None, description="Under which terms; not needed for your own data.")
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = Field(
        "en",
        description="ISO 639-1 code of the rows' language.",
        json_schema_extra={"patternErrorMessage": "a language code of two lower-case letters (ISO 639-1)"},
    )
    expected_rows: int | None = Field(None, ge=1, le=10**12, description="Published number of rows.")
    skip_bad_rows: bool = Field(
        False,
        description="Leave out lines that break the file's format (too few columns, no JSON); counted.",
    )
    sources: Sources = Field(description="Where its rows come from.")
    further_sources: tuple[Sources, ...] = Field(
        (),
        max_length=20,
        description="Where more rows with the same columns and labels come from, which follow on the others.",
    )
    held_out: HeldOutSources | None = Field(
        None, description="Rows on which the finished stage and later ones are measured; never trained on."
    )
    scored_by: tuple[Name, ...] = Field(
        (), description="Evaluation groups or tasks whose labels mean the same as this task's."
    )
    other_languages: OtherLanguages | None = Field(
        None, description="Where few-shot stages find this task's rows in other languages."
    )

    @field_validator("sources", "held_out")
    @classmethod
    def _sources_fit_the_kind(
        cls, sources: Sources | HeldOutSources | None
    ) -> Sources | HeldOutSources | None:
        if sources is None:
            return None
        for layout in listed_layouts(sources.folder):
            if layout.format not in cls.formats:
                raise ValueError(
                    f"files in the format {layout.format} do not hold what this kind of task needs; "
                    f"its formats are {', '.join(cls.formats)}"
                )
        if sources.embedded is not None and not cls.generated:
            raise ValueError("xstilts generates only classification tasks; use folder or hub")
        return sources

    @field_validator("further_sources")
    @classmethod
    def _further_sources_fit_the_kind(cls, further: tuple[Sources, ...]) -> tuple[Sources, ...]:
        if further and not cls.joinable:
            raise ValueError("this kind of task takes its labels or candidates from one source's rows")
        for sources in further:
            cls._sources_fit_the_kind(sources)
        return further

    @field_validator("scored_by")
    @classmethod
    def _scored_by_each_once(cls, scored_by: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(scored_by, "the evaluation task")
        return scored_by

    @field_validator("other_languages")
    @classmethod
    def _other_languages_are_no_test_rows(cls, others: OtherLanguages | None) -> OtherLanguages | None:
        for sources in (others.train, others.development) if others else ():
            if sources is not None and "test" in sources.split_names:
                raise ValueError("a source is a test split; few-shot stages never draw from test rows")
        return others

    @property
    def all_sources(self) -> tuple[Sources, ...]:
        """The sources of all parts of the rows, in their order."""
        return (self.sources, *self.further_sources)

    def training_settings(self) -> dict[str, int | float]:
        """Return what, besides rows, labels and hyperparameters, changes what a stage learns."""
        return {}

    def scoring_settings(self) -> dict[str, bool | str]:
        """Return what, besides those and rows and labels, changes the scores of the same predictions."""
        return {}

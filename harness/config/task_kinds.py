"""The kinds of training task, each with the columns that its rows are made of."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from harness.config.other_languages import OtherLanguages
from harness.config.task_base import TABLES, Name, Task, Text, require_distinct
from harness.message_text import in_short, names_in_short


class ClassificationTask(Task):
    """A label for a text or a pair of texts."""

    generated: ClassVar[bool] = True

    kind: Literal["classification"]
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
    scored_by: tuple[Name, ...] = Field(
        (), description="Evaluation groups or tasks whose labels mean the same as this task's."
    )
    other_languages: OtherLanguages | None = Field(
        None, description="Where few-shot stages find this task's rows in other languages."
    )

    @field_validator("inputs")
    @classmethod
    def _inputs_are_distinct(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        require_distinct(inputs, "the column")
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
        require_distinct(labels, "the label")
        return labels

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

    @field_validator("label_values")
    @classmethod
    def _label_values_name_labels(
        cls, values: dict[str, str] | None, info: ValidationInfo
    ) -> dict[str, str] | None:
        labels = info.data.get("labels")
        strange = [label for label in (values or {}).values() if labels and label not in labels]
        if strange:
            raise ValueError(
                f"{in_short(strange[0])} is no label of this task; its labels are "
                f"{names_in_short(labels or ())}"
            )
        return values


class MultipleChoiceTask(Task):
    """Which of two to five candidates follows from a text, fits it, or answers it."""

    joinable: ClassVar[bool] = False
    # The evaluation tasks score classifiers.
    scored_by: ClassVar[tuple[str, ...]] = ()

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
                "the label column is also read as text, so the answer would stand in the question"
            )
        return label


class SpanExtractionTask(Task):
    """Where in a context the answer to a question stands (SQuAD; Rajpurkar et al. 2016, 2018)."""

    scored_by: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = ("squad", "jsonl", "parquet", "arrow")

    kind: Literal["span_extraction"]
    question: Text = Field("question", description="The question's column.")
    context: Text = Field("context", description="The context's column.")
    answers: Text = Field("answers", description="The column with the lists text and answer_start.")
    unanswerable: bool = Field(False, description="Some questions have no answer (SQuAD 2.0).")
    doc_stride: int = Field(
        128,
        ge=0,
        le=4096,
        description="Tokens that two neighbouring windows of a long context share; at most half a window.",
    )

    def training_settings(self) -> dict[str, int | float]:
        """Return the overlap of windows."""
        return {"doc_stride": self.doc_stride}


class TaggingTask(Task):
    """A tag for each word of a sentence."""

    joinable: ClassVar[bool] = False
    scored_by: ClassVar[tuple[str, ...]] = ()
    formats: ClassVar[tuple[str, ...]] = ("conll", "conllu", "jsonl", "parquet", "arrow")

    kind: Literal["tagging"]
    words: Text = Field("words", description="The column with the list of words.")
    tags: Text = Field("tags", description="The column with the list of their tags.")
    labels: tuple[Text, ...] = Field(
        (), max_length=5000, description="Tag names; default: those that occur in the rows, sorted."
    )
    scheme: Literal["plain", "bio"] = Field(
        "plain", description="bio: B-X begins a span of kind X, I-X goes on, O is outside; scored by spans."
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


def is_bio(tag: str) -> bool:
    """Tell whether a tag belongs to the scheme bio."""
    return tag == "O" or (tag[:2] in ("B-", "I-") and len(tag) > 2)


class MaskedLMTask(Task):
    """Words to guess in running text: continued pretraining (Devlin et al. 2019)."""

    scored_by: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
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

    def training_settings(self) -> dict[str, int | float]:
        """Return the share of masked tokens."""
        return {"mask_probability": self.mask_probability}

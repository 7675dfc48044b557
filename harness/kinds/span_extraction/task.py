"""A span extraction task: where in a context the answer to a question stands."""

from typing import ClassVar, Literal

from pydantic import Field

from harness.kinds.sources import Text
from harness.kinds.task import Task


class SpanExtractionTask(Task):
    """Where in a context the answer to a question stands (SQuAD; Rajpurkar et al. 2016, 2018)."""

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
        description="Tokens that two neighboring windows of a long context share; at most half a window.",
    )
    answer_words: Literal["squad", "mlqa"] = Field(
        "squad",
        description="How answers are compared: as SQuAD's script does in every language, or as MLQA's does, "
        "with each language's articles and words.",
    )

    @property
    def labels(self) -> tuple[str, ...]:
        """None: the kind has no labels."""
        return ()

    def training_settings(self) -> dict[str, int | float]:
        """Return the overlap of windows."""
        return {"doc_stride": self.doc_stride}

    def scoring_settings(self) -> dict[str, bool | str]:
        """Return the rules of comparison, where they are not SQuAD's."""
        return {"answer_words": self.answer_words} if self.answer_words != "squad" else {}

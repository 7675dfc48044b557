"""The data sets that entered a leaderboard, and what training and evaluation sets have in common."""

from typing import Literal

from pydantic import Field

from harness.frozen_model import FrozenModel
from harness.kinds.columns import RowCount

NOT_STATED = "not stated"


class DataUse(FrozenModel):
    """A data set that entered the results, and exactly which version of it."""

    name: str
    role: Literal["training", "evaluation"]
    source: str
    revision: str | None = None
    fingerprint: str | None = None
    rows: int | None = None
    dropped: int = Field(0, ge=0, description="Rows left out since they are also evaluation rows.")
    expected_rows: int | None = Field(None, description="Rows of the published set that `name` stands for.")
    development_rows: int | None = Field(None, description="Rows of the development set published with it.")
    whole_fingerprint: str | None = Field(None, description="Of the source's rows, where some were dropped.")
    counted: tuple[RowCount, ...] = Field(
        (), description="What was left out, moved or is not as it should be."
    )
    title: str | None = Field(None, description="Its name in the literature.")
    citation: str | None = Field(None, description="Where the data set was published.")
    license: str | None = Field(None, description="Under which terms.")


class SharedRows(FrozenModel):
    """What a training task and an evaluation set have in common; rows of the whole sets."""

    training: str
    evaluation: str
    corpus: str
    language: str
    rows: int = Field(ge=0, description="Rows of the evaluation set.")
    dropped: int = Field(ge=0, description="Training rows that are also evaluation rows; not trained on.")
    sentence_rows: int = Field(ge=0, description="Evaluation rows that hold a text of a training row.")
    similar_sentence_rows: int = Field(ge=0, description="The same after normalization.")

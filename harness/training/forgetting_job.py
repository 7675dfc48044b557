"""What a forgetting evaluation is asked to do, and what it reports."""

from pathlib import Path

from pydantic import Field

from harness.data.location import DataFolders
from harness.frozen_model import FrozenModel
from harness.kinds.registry import TrainingTask
from harness.models.references import ModelRef


class EvaluatedHead(FrozenModel):
    """The head of an earlier stage, or of the evaluated stage itself, and the task that it does."""

    place: int = Field(ge=1, description="The stage's place in the sequence, from 1.")
    stage: str = Field(description="Digest of the stage that trained the head.")
    task: TrainingTask = Field(description="With its labels.")
    max_length: int
    batch_size: int


class ForgettingJob(FrozenModel):
    """One finished stage whose encoder is put under the heads of the stages up to it."""

    encoder: ModelRef = Field(description="The stage's `encoder/`.")
    heads: tuple[EvaluatedHead, ...] = Field(min_length=1)
    folders: tuple[Path, ...] = Field(description="Of each head: its stage's encoder with the head.")
    data_dir: DataFolders = None


class ForgettingScore(FrozenModel):
    """How well a stage's encoder still does the task of an earlier stage, on that task's held-out rows."""

    place: int
    task: str
    metric: str = Field(description="The metric that stands for the task: the first of its kind's.")
    value: float
    rows: int
    source: str
    fingerprint: str


class ForgettingResult(FrozenModel):
    """The scores of one stage, in order of place."""

    scores: tuple[ForgettingScore, ...]
    seconds: float

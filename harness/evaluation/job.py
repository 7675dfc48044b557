"""What one evaluation is asked to do, what it reports, and what a store keeps of it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.config.hyperparameters import Precision
from harness.data.location import DataFolders
from harness.data.record import DataRecord
from harness.frozen_model import FrozenModel
from harness.models.references import ModelRef
from harness.store.manifest import EntryKind, Manifest

PREDICTIONS = "predictions.parquet"


class EvaluationJob(FrozenModel):
    """One checkpoint to score on evaluation tasks.

    Attributes:
        checkpoint: a folder of a classifier or text-to-text model, a finished stage, or a hub id.
        tasks: names of leaf tasks; groups whose tasks are all among them are averaged as well.
        split: `test` or `validation` of every task's data.
        limit: score only the first so many items of each task.
        batch_size: documents of full length in a forward pass; shorter ones share a batch in greater number,
            and a CPU takes no more at once than suits it.
        precision: number format of the encoder's forward pass; the head and its softmax never go below fp32.
        data_dir: folder in XTREME's layout; None looks at `XSTILTS_DATA`, then at the hub.
        labels: what the head's outputs (or label words) mean, where the checkpoint's config does not say it.
        task_folders: further folders of lm-eval task files, besides the shipped one and the user's.
        output: folder for `results.json`, `predictions.parquet` and `logprobs.parquet`.
    """

    checkpoint: ModelRef
    tasks: tuple[str, ...] = Field(min_length=1)
    split: str = "test"
    limit: int | None = Field(None, ge=1)
    batch_size: int = Field(64, ge=1)
    precision: Precision = Precision.FP32
    data_dir: DataFolders = None
    labels: tuple[str, ...] | None = None
    task_folders: tuple[Path, ...] = ()
    output: Path


class EvaluationProgress(FrozenModel):
    """How far an evaluation is: documents scored by this process, and its documents in all."""

    done: int
    total: int
    items_per_second: float


class TaskScore(FrozenModel):
    """The scores of one leaf task.

    Attributes:
        metric: the headline metric.
        scores: metric -> score; shares as 0 to 1.
        stderr: standard error of the headline score.
    """

    task: str
    corpus: str
    language: str
    metric: str
    scores: dict[str, float]
    stderr: float | None
    items: int
    data_fingerprint: str
    data_source: str
    data_revision: str | None = None

    @property
    def score(self) -> float:
        """The score by the headline metric."""
        return self.scores[self.metric]


class EvaluationResult(FrozenModel):
    """The scores of one checkpoint, in the order in which the tasks were asked for."""

    scores: tuple[TaskScore, ...]
    seconds: float
    items_per_second: float
    precision: Precision
    device: str
    lm_eval_version: str


class EvaluationManifest(Manifest):
    """A finished evaluation of one stage; `data` maps leaf tasks to the rows they scored."""

    kind: Literal["evaluation"] = "evaluation"
    stage: str
    split: str
    limit: int | None
    precision: Precision
    batch_size: int
    data: dict[str, DataRecord]
    result: EvaluationResult


EVALUATIONS = EntryKind("evaluations", EvaluationManifest)

"""The manifest of a finished evaluation, and its place in a store."""

from typing import Literal

from harness.config.hyperparameters import Precision
from harness.data.record import DataRecord
from harness.evaluation.job import EvaluationResult
from harness.store.manifest import EntryKind, Manifest


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

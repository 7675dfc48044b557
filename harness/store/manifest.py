"""Manifests: what a finished stage or evaluation is, how it was made, and its files' checksums."""

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.frozen_model import FrozenModel
from harness.store.provenance import Environment
from harness.training.job import StageResult
from harness.training.retention_job import RetentionResult

M = TypeVar("M", bound="Manifest")


class FileRecord(FrozenModel):
    """Checksum and size of one file of an entry."""

    sha256: str
    bytes: int


class Manifest(FrozenModel):
    """What every entry's manifest holds; `files` maps paths below its folder to their records."""

    format: int
    digest: str
    environment: Environment
    finished: str
    files: dict[str, FileRecord]


class StageManifest(Manifest):
    """A finished stage; its members are in `result.members`."""

    kind: Literal["stage"] = "stage"
    parent: str | None
    model: str
    model_fingerprint: str
    trust_remote_code: bool
    path: tuple[str, ...]
    hyperparameters: Hyperparameters
    sampling: Sampling
    seed: int
    deepspeed: str
    deepspeed_config: dict[str, Any]
    result: StageResult

    @property
    def task(self) -> str:
        """Its training task, mixture or few-shot examples: the last step of its path."""
        return self.path[-1]


class RetentionManifest(Manifest):
    """How well a finished stage still does the tasks of the stages before it."""

    kind: Literal["retention"] = "retention"
    stage: str
    result: RetentionResult


@dataclass(frozen=True)
class EntryKind(Generic[M]):
    """A kind of entry: the folder of the store that holds it and the model of its manifests."""

    folder: str
    model: type[M]


STAGES = EntryKind("stages", StageManifest)
RETENTIONS = EntryKind("retentions", RetentionManifest)

"""What a store keeps of finished stages and of their forgetting evaluations."""

from typing import Any, Literal

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.store.manifest import EntryKind, Manifest
from harness.training.forgetting_job import ForgettingResult
from harness.training.job import StageResult


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


class ForgettingManifest(Manifest):
    """How well a finished stage still does the tasks of the stages before it."""

    kind: Literal["forgetting"] = "forgetting"
    stage: str
    result: ForgettingResult


STAGES = EntryKind("stages", StageManifest)
FORGETTING = EntryKind("forgetting", ForgettingManifest)

"""Identity: digests over everything that can change a stage's weights or an evaluation's scores.

What stays out on purpose: device and process count, accumulation, ZeRO level, paths, task names and
evaluation batch size. They go into manifests instead.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.config.evaluation_task import EvaluationTask
from harness.config.hyperparameters import LATER_SETTINGS, Hyperparameters, Precision
from harness.config.mixture import Sampling
from harness.config.sequence_file import MEMBER_SETTINGS
from harness.kinds.registry import TrainingTask, kind_of
from harness.kinds.text_form import TextFormat

# Raised by hand when the training code changes what weights the same description gives.
STAGE_VERSION = 4
# Raised by hand when the evaluation code changes what scores the same checkpoint gets.
EVALUATION_VERSION = 1
# Raised by hand when measuring forgetting gives other numbers for the same stages.
FORGETTING_VERSION = 2


_ONLY_WORK = {"accumulation", "activation_checkpointing"}


@dataclass(frozen=True)
class MemberIdentity:
    """What can change the weights of a stage through one of its members.

    Attributes:
        task: Its kind and label order shape the head, its training settings what is learned; its other
            fields only say where rows lie.
        data_fingerprint: Fingerprint of the rows' content in order.
        settings: The settings that hold for the member; only `MEMBER_SETTINGS` can differ from the stage's.
        weight: Of a stage whose sampling has weights, the member's.
        head: Of a reused head, the digest of the stage that trained it and its position there.
        text_format: How a text-to-text model reads the task; None for encoders.
        held_out: Fingerprint of the held-out rows, where they decide when the stage ends.
    """

    task: TrainingTask
    data_fingerprint: str
    settings: Hyperparameters
    weight: float | None = None
    head: tuple[str, int] | None = None
    text_format: TextFormat | None = None
    held_out: str | None = None

    def content(self) -> dict[str, Any]:
        """Return what of the member enters the stage's digest."""
        version = kind_of(self.task).version
        return {
            "kind": self.task.kind if version == 1 else f"{self.task.kind} {version}",
            "labels": list(self.task.labels),
            "task": self.task.training_settings(),
            "data": self.data_fingerprint,
            "settings": {key: getattr(self.settings, key) for key in MEMBER_SETTINGS},
            "weight": self.weight,
            "head": self.head,
            "text_format": self.text_format and self.text_format.model_dump(mode="json"),
            **({"held_out": self.held_out} if self.held_out else {}),
        }


def stage_digest(
    parent: str, members: Sequence[MemberIdentity], sampling: Sampling, settings: Hyperparameters, seed: int
) -> str:
    """Return the digest of one stage.

    Args:
        parent: Digest of the stage before, or what identifies the pretrained model.
        members: The training tasks in their order, which decides what a draw means.
        sampling: How often each is drawn; it does not matter for one.
        settings: The stage's: all but `accumulation` and `activation_checkpointing`, which like the device
            count only say how the work is done, and
            `head`, which wishes for a reused head where there is one.
        seed: Seed of the heads, the draws, the dropout and the order of the rows.
    """
    settled = settings.model_dump(mode="json", exclude=_ONLY_WORK | {"head", *MEMBER_SETTINGS})
    for name in LATER_SETTINGS:
        if getattr(settings, name) == Hyperparameters.model_fields[name].default:
            settled.pop(name, None)
    if settings.warmup_steps is not None:
        del settled["warmup_ratio"]
    if settled["steps"] is not None:
        del settled["epochs"]
    rule = sampling.model_dump(mode="json", exclude={"weights"})
    return _digest(
        {
            "stage_version": STAGE_VERSION,
            "parent": parent,
            "settings": settled,
            "seed": seed,
            "sampling": rule if len(members) > 1 else None,
            "members": [member.content() for member in members],
        }
    )


def encoder_digest(model: str) -> str:
    """Return what stands for a pretrained model that is scored as it is, where else a stage's digest stands.

    Args:
        model: What identifies the model.
    """
    return _digest({"pretrained": model})


def evaluation_digest(
    stage: str,
    tasks: Sequence[EvaluationTask],
    data_fingerprints: Mapping[str, str],
    split: str,
    limit: int | None,
    precision: Precision,
) -> str:
    """Return the digest of the evaluation of one stage.

    Args:
        stage: Digest of the evaluated stage.
        tasks: The leaf tasks; their order does not matter.
        data_fingerprints: Leaf task name -> fingerprint of its rows.
        split: `test` or `validation`.
        limit: Items per task, or None for all.
        precision: Number format of the forward pass.
    """
    return _digest(
        {
            "evaluation_version": EVALUATION_VERSION,
            "stage": stage,
            "tasks": sorted(
                [task.name, task.version, data_fingerprints[task.name], task.corpus.scoring] for task in tasks
            ),
            "split": split,
            "limit": limit,
            "precision": precision.value,
        }
    )


def forgetting_digest(stage: str, heads: Sequence[tuple[str, str]]) -> str:
    """Return the digest of the forgetting evaluation of a stage: its encoder under the heads up to its own.

    Args:
        stage: Digest of the evaluated stage.
        heads: For each head the digest of its stage and the fingerprint of the held-out rows.
    """
    return _digest(
        {"forgetting_version": FORGETTING_VERSION, "stage": stage, "heads": [list(h) for h in heads]}
    )


def _digest(content: dict[str, Any]) -> str:
    """Return the first 128 bits of the SHA-256 of canonical JSON, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]

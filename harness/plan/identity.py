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
from harness.config.hyperparameters import Hyperparameters, Precision, Schedule
from harness.config.mixture import Sampling
from harness.config.sequence_file import MEMBER_SETTINGS
from harness.kinds.registry import TrainingTask
from harness.kinds.text_form import TextFormat

# Raised by hand when the training code changes what weights the same description gives.
STAGE_VERSION = 3
# Raised by hand when the evaluation code changes what scores the same checkpoint gets.
EVALUATION_VERSION = 1
# Raised by hand when measuring forgetting gives other numbers for the same stages.
RETENTION_VERSION = 1


def root_digest(model_fingerprint: str, trust_remote_code: bool) -> str:
    """Return the digest of the pretrained model, the parent of every first stage."""
    return _digest({"model": model_fingerprint, "trust_remote_code": trust_remote_code})


def stage_digest(
    parent: str,
    task: TrainingTask,
    data_fingerprint: str,
    hyperparameters: Hyperparameters,
    seed: int,
    kept_head: str | None = None,
    text_format: TextFormat | None = None,
) -> str:
    """Return the digest of one stage.

    Args:
        parent: Digest of the stage before, or of the pretrained model.
        task: Its kind and label order shape the head, its training settings what is learnt; its other
            fields only say where rows lie.
        data_fingerprint: Fingerprint of the rows' content in order.
        hyperparameters: All but `accumulation`, which like the device count only splits the work, and `head`,
            which wishes for a kept head where there is one.
        seed: Seed of the head, the dropout and the order of the rows.
        kept_head: Of a head that is not new, which it is: the digest of its stage, and its task in a mixture.
        text_format: How a text-to-text model reads the task; None for encoders.
    """
    return _digest(
        {
            "stage_version": STAGE_VERSION,
            "parent": parent,
            "hyperparameters": _settings(hyperparameters),
            "seed": seed,
            **_task_content(task, data_fingerprint, kept_head, text_format),
        }
    )


@dataclass(frozen=True)
class MemberIdentity:
    """What can change the weights of a mixture through one of its tasks.

    Attributes:
        task: As in `stage_digest`.
        data_fingerprint: Fingerprint of its rows.
        hyperparameters: The settings that hold for it; of these only its own can differ from the stage's.
        kept_head: As in `stage_digest`.
        text_format: As in `stage_digest`.
    """

    name: str
    task: TrainingTask
    data_fingerprint: str
    hyperparameters: Hyperparameters
    kept_head: str | None = None
    text_format: TextFormat | None = None


def mixture_digest(
    parent: str,
    members: Sequence[MemberIdentity],
    sampling: Sampling,
    hyperparameters: Hyperparameters,
    seed: int,
) -> str:
    """Return the digest of one stage over several tasks.

    Args:
        parent: Digest of the stage before, or of the pretrained model.
        members: The tasks in their order, which decides what a draw means.
        sampling: How often each is drawn.
        hyperparameters: The stage's.
        seed: Seed of the heads, the draws, the dropout and the order of the rows.
    """
    rule = sampling.model_dump(mode="json")
    if sampling.weights is not None:
        rule["weights"] = [sampling.weights[member.name] for member in members]
    return _digest(
        {
            "stage_version": STAGE_VERSION,
            "parent": parent,
            "hyperparameters": _settings(hyperparameters),
            "seed": seed,
            "sampling": rule,
            "mixture": [
                _task_content(member.task, member.data_fingerprint, member.kept_head, member.text_format)
                | {key: getattr(member.hyperparameters, key) for key in MEMBER_SETTINGS}
                for member in members
            ],
        }
    )


def _settings(hyperparameters: Hyperparameters) -> dict[str, Any]:
    settings = hyperparameters.model_dump(mode="json", exclude={"accumulation", "head"})
    if hyperparameters.schedule is Schedule.LINEAR:
        # Stages of the time when there was no other keep their digests.
        del settings["schedule"]
    if settings["steps"] is not None:
        settings["epochs"] = None
    return settings


def _task_content(
    task: TrainingTask, data_fingerprint: str, kept_head: str | None, text_format: TextFormat | None
) -> dict[str, Any]:
    content: dict[str, Any] = {"kind": task.kind, "labels": list(task.labels), "data": data_fingerprint}
    own = task.training_settings()
    if own:
        content["task"] = own
    if kept_head is not None:
        content["kept_head"] = kept_head
    if text_format is not None:
        content["text_format"] = text_format.model_dump(mode="json")
    return content


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
            "tasks": sorted([task.name, task.version, data_fingerprints[task.name]] for task in tasks),
            "split": split,
            "limit": limit,
            "precision": precision.value,
        }
    )


def retention_digest(stage: str, heads: Sequence[tuple[str, str]]) -> str:
    """Return the digest of measuring a stage's encoder under the heads of the stages up to it.

    Args:
        stage: Digest of the measured stage.
        heads: For each head the digest of its stage and the fingerprint of the held-out rows.
    """
    return _digest(
        {"retention_version": RETENTION_VERSION, "stage": stage, "heads": [list(h) for h in heads]}
    )


def _digest(content: dict[str, Any]) -> str:
    """Return the first 128 bits of the SHA-256 of canonical JSON, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]

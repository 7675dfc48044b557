"""The model of a stage, over one task or several, as its steps and its checkpoint need it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from harness.config.model_family import is_text_to_text
from harness.kinds.registry import kind_of, may_hold_any_token
from harness.training.checkpoint import Whole
from harness.training.job import MixtureMember
from harness.training.loop import Forward
from harness.training.model import load_model
from harness.training.shared_encoder import LoadedMixture, load_mixture
from harness.training.task_rows import Job, TaskRows

HEADS = "heads"
"""The folder in which a stage over several tasks keeps the encoder with each task's head."""


@dataclass(frozen=True)
class StageModel:
    """What a stage trains.

    Attributes:
        module: Encoder and heads, in fp32, on the CPU.
        forward: DeepSpeed's engine of the module -> a forward pass of it.
        wholes: Trained weights -> the encoder with each head; the encoder itself is the first's.
    """

    module: Any
    forward: Callable[[Any], Forward]
    wholes: Callable[[Mapping[str, Tensor]], list[Whole]]


def load_stage_model(job: Job, parts: Sequence[TaskRows]) -> StageModel:
    """Load the encoder of a job with its heads.

    Raises:
        UserError: as `harness.training.model.load_model`.
    """
    if is_text_to_text(job.encoder):
        return _without_heads(job, parts)
    tasks = [(part.task, part.member.hyperparameters, _kept_head(part.member)) for part in parts]
    used = _used_ids(job, parts)
    if len(tasks) > 1:
        return _shared(load_mixture(job.encoder, tasks, job.seed, job.trust_remote_code, used), parts)
    ((task, settings, kept),) = tasks
    loaded = load_model(job.encoder, task, settings, job.seed, job.trust_remote_code, kept, used)
    return StageModel(
        loaded.model,
        lambda engine: lambda _, inputs: (engine(**inputs), 0.0),
        lambda trained: [Whole(loaded, dict(trained), loaded.head_folder)],
    )


def _used_ids(job: Job, parts: Sequence[TaskRows]) -> npt.NDArray[np.int64] | None:
    """Return the token ids that the stage's inputs can hold; None where they can be any, or don't matter."""
    any_token = may_hold_any_token((part.task for part in parts), job.trust_remote_code)
    if job.hyperparameters.freeze_embeddings or any_token:
        return None
    return np.unique(np.concatenate([part.maker.tokens.used_ids for part in parts]))


def _without_heads(job: Job, parts: Sequence[TaskRows]) -> StageModel:
    """Return a text-to-text model, one and the same for all tasks; its output layer always passes on."""
    loaded = [
        load_model(job.encoder, part.task, part.member.hyperparameters, job.seed, job.trust_remote_code)
        for part in parts
    ]
    (first, *others) = loaded
    folders = [first.head_folder] if not others else [f"{HEADS}/{part.member.name}" for part in parts]

    def wholes(trained: Mapping[str, Tensor]) -> list[Whole]:
        # Only how inputs are written differs, which the configurations say.
        return [
            Whole(replace(first, config=one.config), dict(trained), folder)
            for one, folder in zip(loaded, folders, strict=True)
        ]

    return StageModel(first.model, lambda engine: lambda _, inputs: (engine(**inputs), 0.0), wholes)


def _kept_head(member: MixtureMember) -> Path | None:
    """Return the folder in which an earlier stage left the head that a task keeps."""
    if member.head is None:
        return None
    folder = (
        kind_of(member.task).model.head.folder if member.head.task is None else f"{HEADS}/{member.head.task}"
    )
    return member.head.folder / folder


def _shared(mixture: LoadedMixture, parts: Sequence[TaskRows]) -> StageModel:
    def wholes(trained: Mapping[str, Tensor]) -> list[Whole]:
        order = sorted(range(len(parts)), key=lambda at: at != mixture.holder)
        return [
            Whole(mixture.parts[at], mixture.weights(at, trained), f"{HEADS}/{parts[at].member.name}")
            for at in order
        ]

    return StageModel(mixture.model, lambda engine: engine, wholes)

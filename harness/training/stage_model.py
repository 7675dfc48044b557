"""The model of a stage, over one member or several, as its steps and its checkpoint need it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.config.deepspeed_file import zero_stage
from harness.config.hyperparameters import Optimizer
from harness.config.model_family import is_text_to_text
from harness.kinds.registry import may_hold_any_token
from harness.training.checkpoint import HeadExport
from harness.training.job import StageJob
from harness.training.loop import Forward
from harness.training.model import load_model
from harness.training.shared_encoder import LoadedMixture, load_mixture
from harness.training.task_rows import TaskRows


@dataclass(frozen=True)
class StageModel:
    """What a stage trains.

    Attributes:
        module: Encoder and heads, in fp32, on the CPU.
        forward: DeepSpeed's engine of the module -> a forward pass of it.
        exports: The encoder with each head; the encoder itself is the first's.
    """

    module: Any
    forward: Callable[[Any], Forward]
    exports: list[HeadExport]


def load_stage_model(job: StageJob, parts: Sequence[TaskRows]) -> StageModel:
    """Load the encoder of a job with its heads.

    Raises:
        UserError: as `harness.training.model.load_model`.
    """
    # What ZeRO 3 divides among the processes is not copied in each of them before.
    mapped = zero_stage(job.deepspeed) == 3
    if is_text_to_text(job.model.folder):
        return _without_heads(job, parts, mapped)
    tasks = [(part.task, part.member.hyperparameters, part.member.head) for part in parts]
    used = _used_ids(job, parts)
    if len(tasks) > 1:
        return _shared(load_mixture(job.model, tasks, job.seed, used, mapped=mapped), parts)
    ((task, settings, head),) = tasks
    loaded = load_model(job.model, task, settings, job.seed, head, used, mapped=mapped)
    return StageModel(
        loaded.model,
        lambda engine: lambda _, inputs: (engine(**inputs), 0.0),
        [HeadExport(loaded, loaded.own_name, parts[0].folder)],
    )


def _used_ids(job: StageJob, parts: Sequence[TaskRows]) -> npt.NDArray[np.int64] | None:
    """Return the token ids that the stage's inputs can hold; None where they can be any, or don't matter."""
    any_token = may_hold_any_token((part.task for part in parts), job.model.trust_remote_code)
    # Adafactor's step of a row depends on the others.
    others_matter = job.hyperparameters.optimizer is Optimizer.ADAFACTOR
    if job.hyperparameters.freeze_embeddings or any_token or others_matter:
        return None
    return np.unique(np.concatenate([part.collator.tokens.used_ids for part in parts]))


def _without_heads(job: StageJob, parts: Sequence[TaskRows], mapped: bool) -> StageModel:
    """Return a text-to-text model, one and the same for all tasks; its output layer always passes on."""
    loaded = [
        load_model(job.model, part.task, part.member.hyperparameters, job.seed, mapped=mapped)
        for part in parts
    ]

    # Only how inputs are written differs, which the configurations say.
    exports = [
        HeadExport(replace(loaded[0], config=one.config), loaded[0].own_name, part.folder)
        for one, part in zip(loaded, parts, strict=True)
    ]
    return StageModel(loaded[0].model, lambda engine: lambda _, inputs: (engine(**inputs), 0.0), exports)


def _shared(mixture: LoadedMixture, parts: Sequence[TaskRows]) -> StageModel:
    order = sorted(range(len(parts)), key=lambda member: member != mixture.holder)
    exports = [
        HeadExport(mixture.parts[member], partial(mixture.own_name, member), parts[member].folder)
        for member in order
    ]
    return StageModel(mixture.model, lambda engine: engine, exports)

"""The weights of a stage taken out of its engine, tensor by tensor, and written."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from harness.models.references import ModelRef
from harness.training.checkpoint import AdapterWriter, CheckpointWriter, HeadExport
from harness.training.distributed import World, on_first_rank
from harness.training.engine import trained_weights
from harness.training.job import StageJob
from harness.training.training_log import DivergedError
from harness.training.used_rows import merged_rows


def save_stage(
    engine: Any, job: StageJob, named: ModelRef, world: World, exports: Sequence[HeadExport]
) -> None:
    """Write the weights as they are; to be called on every rank.

    Args:
        engine: The engine.
        job: The stage; its model is a local folder.
        named: The model as the job named it.
        world: This process's place.
        exports: The encoder with each head.

    Raises:
        DivergedError: a weight is infinite or NaN.
    """
    writer, failure = None, None
    finite = torch.ones((), dtype=torch.bool, device=world.device)

    def copied() -> Iterator[tuple[str, torch.Tensor]]:
        for name, weights in trained_weights(engine):
            finite.logical_and_(torch.isfinite(weights).all())
            if world.rank == 0:
                yield name, weights.cpu().contiguous()

    for name, weights in merged_rows(engine.module, copied()):
        try:
            if failure is not None:
                continue
            writer = writer or _writer(job, named, exports)
            writer.add(name, weights)
        except Exception as error:  # at once it would leave the other processes waiting for this one
            failure = error

    def finish() -> None:
        if failure is not None:
            raise failure
        if not finite or writer is None:
            rate = job.hyperparameters.learning_rate
            raise DivergedError(
                f"task {job.name}: weights became infinite or NaN in the last step "
                f"(training.learning_rate {rate:g}). Lower the learning rate or use precision fp32 or "
                "bf16."
            )
        writer.finish()

    on_first_rank(finish)


def _writer(
    job: StageJob, named: ModelRef, exports: Sequence[HeadExport]
) -> CheckpointWriter | AdapterWriter:
    adapter = job.hyperparameters.adapter
    if adapter is None or adapter.merge:
        return CheckpointWriter(job.workdir, exports, job.model)
    return AdapterWriter(job.workdir, exports, job.model, named)

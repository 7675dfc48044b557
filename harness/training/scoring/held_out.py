"""The usual metric of a stage's task on rows that it was not trained on."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from harness.config.training_task import SpanExtractionTask, TrainingTask
from harness.data.rows import TrainingRows
from harness.training.batches import shares
from harness.training.distributed import World, from_every_rank
from harness.training.job import HeldOutScore
from harness.training.kinds import span_extraction
from harness.training.kinds.batch_maker import BatchMaker, Draw
from harness.training.kinds.registry import batch_maker, encode
from harness.training.scoring.predictions import Outputs, metrics, outputs
from harness.training.tokenised import from_table

_DRAW = Draw(0, 0)
Forward = Callable[[dict[str, torch.Tensor]], Any]
"""The model's inputs -> its output."""


def score_held_out(
    task: TrainingTask,
    rows: TrainingRows,
    engine: Any,
    forward: Forward,
    tokenizer: Any,
    max_length: int,
    batch_size: int,
    world: World,
) -> HeldOutScore:
    """Return the metrics of a trained engine on held-out rows; to be called on every rank.

    Args:
        task: The task with its labels.
        rows: Its held-out rows.
        engine: The engine, after training.
        forward: A forward pass of the engine for this task.
        tokenizer: The model's tokenizer.
        max_length: As in training.
        batch_size: Rows over all processes at once.
        world: This process's place.
    """
    if isinstance(task, SpanExtractionTask):
        table = span_extraction.encode(rows, tokenizer, max_length, task.doc_stride, characters=True)
    else:
        table = encode(task, rows, tokenizer, max_length)
    maker = batch_maker(task, from_table(table))
    engine.eval()
    with torch.no_grad():
        own = dict(_predict(task, maker, forward, batch_size, world))
    engine.train()
    found: dict[int, Outputs] = {}
    for part in from_every_rank(own):
        found |= part
    ordered = [found[row] for row in range(len(maker.lengths))]
    return HeldOutScore(
        metrics=metrics(task, rows.dataset, maker, ordered, table),
        rows=len(rows.dataset),
        source=rows.source,
        fingerprint=rows.fingerprint,
    )


def _predict(
    task: TrainingTask, maker: BatchMaker, forward: Forward, batch_size: int, world: World
) -> Iterator[tuple[int, Outputs]]:
    order = np.argsort(-maker.lengths, kind="stable").astype(np.int64)
    for start in range(0, len(order), batch_size):
        # Each rank takes part in each pass: under ZeRO 3 the ranks hold parts of the weights.
        (share,) = shares(order[start : start + batch_size], world.rank, world.size, 1)
        inputs = maker.tensors(share, world.device, _DRAW)
        labels = inputs.pop("labels")
        output = forward(inputs)
        yield from zip(share.tolist(), outputs(task, output, labels, len(share)), strict=True)

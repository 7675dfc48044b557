"""Which examples go into which batch: length-bucketed, the same for any number of processes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]

# As Hugging Face's LengthGroupedSampler: enough for near-equal lengths, few enough to stay random.
_BATCHES_PER_BUCKET = 50
_SUBSAMPLE_STREAM = 2**31


def subsample(rows: int, wanted: int | None, seed: int) -> Rows:
    """Return the ascending indices of `wanted` of `rows` rows, drawn by `seed`; None or too many: all."""
    if wanted is None or wanted >= rows:
        return np.arange(rows, dtype=np.int64)
    drawn = np.random.RandomState([seed, _SUBSAMPLE_STREAM]).permutation(rows)[:wanted]
    return np.sort(drawn).astype(np.int64)


def epoch_batches(lengths: Rows, batch_size: int, seed: int, epoch: int) -> list[Rows]:
    """Return the batches of one epoch: every row once, rows of like length together.

    Rows are shuffled, cut into buckets of 50 batches, sorted by length within the bucket, cut into
    batches, and the batches shuffled. Only one batch can be smaller than `batch_size`.

    Args:
        lengths: `[rows]` tokens of each row.
        batch_size: Rows of a batch.
        seed: With `epoch` decides the order.
        epoch: Number of the epoch, from 0.
    """
    # RandomState's streams are frozen across numpy releases; Generator's are not.
    random = np.random.RandomState([seed, epoch])
    order = random.permutation(len(lengths)).astype(np.int64)
    batches: list[Rows] = []
    bucket_rows = batch_size * _BATCHES_PER_BUCKET
    for start in range(0, len(order), bucket_rows):
        bucket = order[start : start + bucket_rows]
        bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
        batches += [bucket[at : at + batch_size] for at in range(0, len(bucket), batch_size)]
    return [batches[index] for index in random.permutation(len(batches))]


def step_count(epochs: float, per_epoch: float, steps: int | None) -> int:
    """Return the optimizer steps of a stage: `steps`, or epochs of `per_epoch` steps each, rounded up."""
    # 1e-9: 0.1 epochs of 30 steps are 3 steps, though 0.1 * 30 is a little more than 3.
    return steps or max(1, math.ceil(epochs * per_epoch - 1e-9))


@dataclass(frozen=True)
class BatchPlan:
    """The batches of all optimizer steps of a stage.

    Attributes:
        lengths: `[rows]` tokens of each row.
        batch_size: Rows of an optimizer step over all processes.
        steps: Optimizer steps.
        seed: Decides the order.
    """

    lengths: Rows
    batch_size: int
    steps: int
    seed: int

    def from_step(self, step: int) -> Iterator[Rows]:
        """Yield the batches of the steps from `step` (0 is the first) to the last."""
        per_epoch = math.ceil(len(self.lengths) / self.batch_size)
        while step < self.steps:
            epoch, at = divmod(step, per_epoch)
            batches = epoch_batches(self.lengths, self.batch_size, self.seed, epoch)
            for batch in batches[at : at + self.steps - step]:
                yield batch
                step += 1

    def totals(self, steps: int) -> tuple[int, int]:
        """Return the rows and tokens of the first `steps` steps."""
        per_epoch = math.ceil(len(self.lengths) / self.batch_size)
        epochs, rest = divmod(steps, per_epoch)
        rows, tokens = epochs * len(self.lengths), epochs * int(self.lengths.sum())
        if rest:
            for batch in epoch_batches(self.lengths, self.batch_size, self.seed, epochs)[:rest]:
                rows += len(batch)
                tokens += int(self.lengths[batch].sum())
        return rows, tokens


def shares(batch: Rows, rank: int, ranks: int, accumulation: int) -> list[Rows]:
    """Return this rank's micro-batches of a batch; together the ranks' are the batch, each row once.

    A last, smaller batch may leave some empty.
    """
    pieces = np.array_split(batch, ranks * accumulation)
    return [pieces[turn * ranks + rank] for turn in range(accumulation)]

"""The batches of a stage: which member each optimizer step trains, and on which rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.training.batches import BatchPlan, Rows

_DRAW_STREAM = 2**31 + 1
_STRATA = 2**16


def draw_members(probabilities: Sequence[float], steps: int, seed: int) -> npt.NDArray[np.int64]:
    """Return `[steps]` the number of the member that each step trains.

    Every step's probabilities are `probabilities`, but the steps are drawn together, by one point from each
    of `steps` equal parts of the unit interval in random order (stratified sampling; in a long stage, for
    each block of 65,536 steps): so a short stage, too, trains each member as often as its probability says,
    to a step or two.

    Args:
        probabilities: Of each member; they sum to 1.
        steps: How many steps.
        seed: Decides the draws.
    """
    # RandomState's streams are frozen across numpy releases; Generator's are not.
    random = np.random.RandomState([seed, _DRAW_STREAM])
    ends = np.cumsum(probabilities)
    drawn = []
    for start in range(0, steps, _STRATA):
        count = min(_STRATA, steps - start)
        points = (random.permutation(count) + random.random_sample(count)) / count
        drawn.append(np.searchsorted(ends[:-1], points, side="right"))
    return np.concatenate(drawn).astype(np.int64)


@dataclass(frozen=True)
class StepPlan:
    """The batches of all optimizer steps of a stage, each of one member.

    Attributes:
        plans: Each member's batches, as many as its draws.
        drawn: `[steps]` the number of the member that each step trains.
        seed: Decides the order.
    """

    plans: tuple[BatchPlan, ...]
    drawn: npt.NDArray[np.int64]
    seed: int

    @classmethod
    def of(
        cls, lengths: Sequence[Rows], probabilities: Sequence[float], batch_size: int, steps: int, seed: int
    ) -> "StepPlan":
        """Return the plan of a stage.

        Args:
            lengths: Of each member, `[rows]` tokens of each of its rows.
            probabilities: Of each member to be drawn.
            batch_size: Rows of an optimizer step over all processes.
            steps: Optimizer steps.
            seed: Decides draws and orders.
        """
        drawn = draw_members(probabilities, steps, seed)
        counts = np.bincount(drawn, minlength=len(lengths)).tolist()
        plans = [
            BatchPlan(rows, batch_size, count, seed) for rows, count in zip(lengths, counts, strict=True)
        ]
        return cls(tuple(plans), drawn, seed)

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return len(self.drawn)

    def from_step(self, step: int) -> Iterator[tuple[int, Rows]]:
        """Yield member number and batch of the steps from `step` (0 is the first) to the last.

        Each member goes on through its own rows, epoch after epoch, wherever it was drawn last.
        """
        batches = [plan.from_step(done) for plan, done in zip(self.plans, self.draws(step), strict=True)]
        for member in self.drawn[step:].tolist():
            yield member, next(batches[member])

    def totals(self, steps: int) -> tuple[int, int]:
        """Return the rows and tokens of the first `steps` steps."""
        parts = [plan.totals(done) for plan, done in zip(self.plans, self.draws(steps), strict=True)]
        return sum(rows for rows, _ in parts), sum(tokens for _, tokens in parts)

    def draws(self, steps: int) -> list[int]:
        """Return how many of the first `steps` steps train each member."""
        done: list[int] = np.bincount(self.drawn[:steps], minlength=len(self.plans)).tolist()
        return done

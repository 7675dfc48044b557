"""The batches of a stage over one or several tasks: which task each step trains, and on which rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.training.batches import BatchPlan, Rows

_DRAW_STREAM = 2**31 + 1
_STRATA = 2**16


def draw_tasks(rates: Sequence[float], steps: int, seed: int) -> npt.NDArray[np.int64]:
    """Return `[steps]` the number of the task that each step trains.

    Every step's chances are `rates`, but the steps are drawn together, by one point from each of `steps`
    equal parts of the unit interval in random order (stratified sampling; in a long stage, for each block of
    65,536 steps): so a short stage, too, trains each task as often as its rate says, to a step or two.

    Args:
        rates: Chances, which sum to 1.
        steps: How many steps.
        seed: Decides the draws.
    """
    # RandomState's streams are frozen across numpy releases; Generator's are not.
    random = np.random.RandomState([seed, _DRAW_STREAM])
    ends = np.cumsum(rates)
    drawn = []
    for start in range(0, steps, _STRATA):
        count = min(_STRATA, steps - start)
        points = (random.permutation(count) + random.random_sample(count)) / count
        drawn.append(np.searchsorted(ends[:-1], points, side="right"))
    return np.concatenate(drawn).astype(np.int64)


@dataclass(frozen=True)
class MixturePlan:
    """The batches of all optimizer steps of a stage, each of one task.

    Attributes:
        plans: Each task's batches, as many as its draws.
        drawn: `[steps]` the number of the task that each step trains.
        seed: Decides the order.
    """

    plans: tuple[BatchPlan, ...]
    drawn: npt.NDArray[np.int64]
    seed: int

    @classmethod
    def of_one(cls, plan: BatchPlan) -> "MixturePlan":
        """Return the plan of a single task."""
        return cls((plan,), np.zeros(plan.steps, np.int64), plan.seed)

    @classmethod
    def of(
        cls, lengths: Mapping[str, Rows], rates: Mapping[str, float], batch_size: int, steps: int, seed: int
    ) -> "MixturePlan":
        """Return the plan of several tasks.

        Args:
            lengths: Task -> `[rows]` tokens of each of its rows.
            rates: Task -> its chance to be drawn, in the same order.
            batch_size: Rows of an optimizer step over all processes.
            steps: Optimizer steps.
            seed: Decides draws and orders.
        """
        drawn = draw_tasks(list(rates.values()), steps, seed)
        counts = np.bincount(drawn, minlength=len(rates)).tolist()
        plans = [
            BatchPlan(rows, batch_size, count, seed)
            for rows, count in zip(lengths.values(), counts, strict=True)
        ]
        return cls(tuple(plans), drawn, seed)

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        return len(self.drawn)

    def from_step(self, step: int) -> Iterator[tuple[int, Rows]]:
        """Yield task number and batch of the steps from `step` (0 is the first) to the last.

        Each task goes on through its own rows, epoch after epoch, wherever it was drawn last.
        """
        batches = [plan.from_step(done) for plan, done in zip(self.plans, self._done(step), strict=True)]
        for task in self.drawn[step:].tolist():
            yield task, next(batches[task])

    def totals(self, steps: int) -> tuple[int, int]:
        """Return the rows and tokens of the first `steps` steps."""
        parts = [plan.totals(done) for plan, done in zip(self.plans, self._done(steps), strict=True)]
        return sum(rows for rows, _ in parts), sum(tokens for _, tokens in parts)

    def _done(self, steps: int) -> list[int]:
        done: list[int] = np.bincount(self.drawn[:steps], minlength=len(self.plans)).tolist()
        return done

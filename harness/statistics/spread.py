"""The mean and standard deviation of a few seeds."""

import statistics
from collections.abc import Sequence

from harness.frozen_model import FrozenModel


class Spread(FrozenModel):
    """Mean over `n` seeds with the sample standard deviation (n − 1); one seed has no sd."""

    mean: float
    sd: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarize one value per seed (at least one)."""
        sd = statistics.stdev(values) if len(values) > 1 else None
        return cls(mean=statistics.fmean(values), sd=sd, n=len(values))

"""Intervals, and to how many decimals what is estimated is kept."""

from harness.frozen_model import FrozenModel

CONFIDENCE = 0.95
# Sums differ in their last bits from one processor to the next; what is published must not.
DECIMALS = 6


class Interval(FrozenModel):
    """A 95% interval, as a fraction like the estimate it belongs to."""

    low: float
    high: float

    @property
    def covers_zero(self) -> bool:
        """Whether zero lies in the interval, its ends included."""
        return self.low <= 0 <= self.high

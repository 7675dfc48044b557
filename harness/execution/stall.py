"""Whether a worker still does something."""

import time
from collections.abc import Callable

# A worker that waits in vain uses some thousandths of a core to look after its runner.
_IDLE_SHARE = 0.005
_IDLE_SECONDS = 0.1
_SECONDS_BETWEEN_LOOKS = 1.0


class StallWatch:
    """Tells when a worker has neither reported nor computed for too long.

    Silence alone means nothing: tokenizing a large data set takes minutes without a word.
    """

    def __init__(self, cpu_seconds: Callable[[], float], runs: Callable[[], bool], limit: float) -> None:
        """Begin to watch.

        Args:
            cpu_seconds: Returns the processor time of the worker's processes so far.
            runs: Tells whether one of them runs now, or waits for a core only: a machine may be so busy
                that it gets next to no time.
            limit: Seconds of idleness that are too long.
        """
        self._cpu_seconds = cpu_seconds
        self._runs = runs
        self._limit = limit
        self._looked = 0.0
        self.active()

    def active(self) -> None:
        """Note that the worker has reported."""
        self._since = time.monotonic()
        self._computed = self._cpu_seconds()

    @property
    def is_stalled(self) -> bool:
        """Whether the worker has been idle for longer than the limit."""
        now = time.monotonic()
        if now - self._looked < _SECONDS_BETWEEN_LOOKS:
            return False
        self._looked = now
        computed, idle = self._cpu_seconds(), now - self._since
        # Processes that have ended take their time with them; then it starts over.
        gained = computed - self._computed
        if gained < 0 or gained > _IDLE_SECONDS + _IDLE_SHARE * idle or self._runs():
            self.active()
            return False
        return idle > self._limit

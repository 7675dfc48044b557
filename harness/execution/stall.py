"""Whether processes that carry a step out still do something."""

import time
from collections.abc import Callable

from harness.execution.steps.base import StepProgress

# A worker that waits in vain uses some thousandths of a core to look after its run.
_IDLE_SHARE = 0.005
_IDLE_SECONDS = 0.1
_LOOKS = 60
_LONGEST_PAUSE = 5.0
_USUAL = 10


class Silence:
    """Tells when a step that reports its progress has fallen silent.

    A process that waits for others on a GPU computes all the time, so only its silence tells (a collective
    that one rank never joins would else be noticed after hours). Before the first step, between the last
    one and the end, nothing is reported, and silence means nothing.
    """

    def __init__(self, limit: float) -> None:
        """Begin to listen.

        Args:
            limit: Seconds of silence that are too long, unless the step itself was silent for a tenth of it.
        """
        self._limit = limit
        self._longest = 0.0
        self._heard: float | None = None

    def heard(self, progress: StepProgress) -> None:
        """Take note of progress."""
        now = time.monotonic()
        if self._heard is not None:
            self._longest = max(self._longest, now - self._heard)
        self._heard = now if progress.completed < progress.total else None

    def is_too_long(self) -> bool:
        """Return whether nothing was heard for too long."""
        if self._heard is None:
            return False
        return time.monotonic() - self._heard > max(self._limit, _USUAL * self._longest)


class StallWatch:
    """Tells when a worker has neither reported nor computed for too long.

    Silence alone means nothing before the first step: tokenizing a large data set takes minutes without a
    word.
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
        self.pause = min(_LONGEST_PAUSE, limit / _LOOKS)
        """Seconds between two looks; each reads a file of every process of the machine."""
        self._looked = 0.0
        self.active()

    def active(self) -> None:
        """Note that the worker has reported."""
        self._since = time.monotonic()
        self._computed: float | None = None

    @property
    def is_stalled(self) -> bool:
        """Whether the worker has been idle for longer than the limit."""
        now = time.monotonic()
        if now - self._looked < self.pause:
            return False
        self._looked = now
        computed, idle = self._cpu_seconds(), now - self._since
        if self._computed is None:
            self._computed = computed
        # Processes that have ended take their time with them; then it begins anew.
        gained = computed - self._computed
        if gained < 0 or gained > _IDLE_SECONDS + _IDLE_SHARE * idle or self._runs():
            self.active()
            return False
        return idle > self._limit

"""How a process is told to end: it saves a resume point first, but takes no longer than it may."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

INTERRUPTED = 75
"""Exit code: not finished, to be carried out again (EX_TEMPFAIL of sysexits.h)."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""Schedulers send SIGTERM at the end of a time limit or on preemption, or SIGUSR1 where asked to (Slurm's
--signal=USR1@120); terminals send SIGINT."""


class Stop:
    """Whether this process is to end."""

    def __init__(
        self,
        seconds: float,
        last_words: Callable[[], None] = lambda: None,
        hopeless: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin without such a wish.

        Args:
            seconds: How long the process may take to end.
            last_words: Called before the process is ended because it took longer.
            hopeless: Tells, at the wish to end, whether nothing can be saved any more: another process of the
                same step has failed, and its launcher now ends the rest.
        """
        self._seconds, self._last_words, self._hopeless = seconds, last_words, hopeless
        self._asked = threading.Event()

    def asked(self) -> bool:
        """Return whether the process is to end."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask the process to end; asked again, it ends at once."""
        if self._asked.is_set() or self._hopeless():
            self._end()
        self._asked.set()
        timer = threading.Timer(self._seconds, self._end)
        timer.daemon = True
        timer.start()

    def on_signals(self) -> None:
        """Take signals for the wish to end; to be called from the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.ask()

    def _end(self) -> None:
        self._last_words()
        os._exit(INTERRUPTED)

"""Steps that another run is at, which are looked at again later."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.store.lock import is_lost
from harness.store.store import Store

_FIRST_SECONDS = 0.5
_MOST_SECONDS = 5.0


@dataclass
class _Pause:
    seconds: float = _FIRST_SECONDS
    due: float = field(default_factory=lambda: time.monotonic() + _FIRST_SECONDS)


class TakenSteps:
    """Waits for entries that processes of other runs make, ever more patiently."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pauses: dict[str, _Pause] = {}

    def __len__(self) -> int:
        """Return how many steps are waited for."""
        return len(self._pauses)

    @property
    def pause(self) -> float:
        """Seconds until one is to be looked at."""
        next_due = min((pause.due for pause in self._pauses.values()), default=float("inf"))
        return min(max(0.0, next_due - time.monotonic()), _MOST_SECONDS)

    def add(self, key: str) -> None:
        """Wait for a step."""
        self._pauses[key] = _Pause()

    def due(self) -> Iterator[str]:
        """Yield the steps that are to be looked at now."""
        now = time.monotonic()
        yield from [key for key, pause in self._pauses.items() if pause.due <= now]

    def wait_on(self, key: str) -> None:
        """Look at a step again after a longer pause."""
        pause = self._pauses[key]
        pause.seconds = min(2 * pause.seconds, _MOST_SECONDS)
        pause.due = time.monotonic() + pause.seconds

    def remove(self, key: str) -> None:
        """Wait for a step no longer."""
        del self._pauses[key]

    def is_taken(self, key: str, ended: list[str]) -> bool:
        """Return whether another process holds the lock of an entry.

        Args:
            key: Digest of the entry.
            ended: Attempts that are known to have ended.
        """
        try:
            return not is_lost(self._store.layout.lock(key), ended)
        except FileNotFoundError:
            return False

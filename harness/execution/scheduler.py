"""Which step is carried out next: events in, decisions out; no files, no clock, no threads."""

import heapq
from collections.abc import Iterable
from enum import Enum

from harness.execution.graph import Node, children, remaining_seconds


class State(Enum):
    """Where a step is."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    SKIPPED = "skipped"


class Scheduler:
    """Hands out each step once all that it depends on is finished, and skips what depends on a failure.

    Of the steps that are ready, several workers are given first that with the longest path behind it (Graham
    1969, https://doi.org/10.1137/0117039: any order takes less than twice the shortest possible time; this
    one is within some per cent on plans); a single worker is given them in the order of the plan.
    """

    def __init__(self, nodes: Iterable[Node], *, in_order: bool = False) -> None:
        """Begin with steps of which none is finished; dependencies that are not among them are.

        Args:
            nodes: The steps, each after those that it depends on.
            in_order: Whether they are handed out in this order.
        """
        self._nodes = {node.key: node for node in nodes}
        self._place = {key: place for place, key in enumerate(self._nodes)}
        self._in_order = in_order
        self._children = children(self._nodes.values())
        self._priority = remaining_seconds(self._nodes)
        self._state = dict.fromkeys(self._nodes, State.WAITING)
        self._missing = {
            key: sum(before in self._nodes for before in node.dependencies)
            for key, node in self._nodes.items()
        }
        self._open = len(self._nodes)
        self._ready: list[tuple[float, int, str]] = []
        for key, count in self._missing.items():
            if not count:
                self._make_ready(key)

    @property
    def is_done(self) -> bool:
        """Whether every step is finished, failed or skipped."""
        return not self._open

    def __contains__(self, key: str) -> bool:
        """Whether there is such a step."""
        return key in self._state

    def state(self, key: str) -> State:
        """Return where a step is."""
        return self._state[key]

    def next(self, most: int | None = None) -> list[str]:
        """Return steps to be carried out now, at most so many; they count as running."""
        found: list[str] = []
        while self._ready and (most is None or len(found) < most):
            _, _, key = heapq.heappop(self._ready)
            # A step that was skipped or put back since has another entry, or none.
            if self._state[key] is State.READY:
                self._state[key] = State.RUNNING
                found.append(key)
        return found

    def finish(self, key: str) -> None:
        """Take note that a running step is finished."""
        self._end(key, State.FINISHED)
        for child in self._children[key]:
            self._missing[child] -= 1
            if not self._missing[child] and self._state[child] is State.WAITING:
                self._make_ready(child)

    def fail(self, key: str) -> list[tuple[str, str]]:
        """Take note that a running step failed.

        Returns:
            The steps that are skipped for it, each with the one before it that is not there, nearest first.
        """
        self._end(key, State.FAILED)
        skipped: list[tuple[str, str]] = []
        cause = [key]
        for before in cause:
            for child in self._children[before]:
                if self._state[child] in (State.WAITING, State.READY):
                    self._end(child, State.SKIPPED)
                    skipped.append((child, before))
                    cause.append(child)
        return skipped

    def put_back(self, key: str) -> None:
        """Take note that a running step is to be carried out again."""
        assert self._state[key] is State.RUNNING, f"{key} is {self._state[key]}"
        self._make_ready(key)

    def reopen(self, nodes: Iterable[Node]) -> None:
        """Add steps, or open finished ones again; what depends on them waits anew, unless it runs already.

        Args:
            nodes: The steps, each after those that it depends on. Those that are known and not finished keep
                their state.
        """
        for node in nodes:
            if self._state.get(node.key) in (None, State.FINISHED):
                self._open += 1
                self._nodes[node.key] = node
                self._place.setdefault(node.key, len(self._place))
                self._state[node.key] = State.WAITING
        self._children = children(self._nodes.values())
        self._priority = remaining_seconds(self._nodes)
        self._count_missing()
        for key, state in self._state.items():
            if state is State.READY and self._missing[key]:
                self._state[key] = State.WAITING
            elif state is State.WAITING and not self._missing[key]:
                self._make_ready(key)

    def _count_missing(self) -> None:
        for key, node in self._nodes.items():
            self._missing[key] = sum(
                self._state.get(before, State.FINISHED) is not State.FINISHED for before in node.dependencies
            )

    def _make_ready(self, key: str) -> None:
        self._state[key] = State.READY
        first = 0.0 if self._in_order else -self._priority[key]
        heapq.heappush(self._ready, (first, self._place[key], key))

    def _end(self, key: str, state: State) -> None:
        self._state[key] = state
        self._open -= 1

"""What an executor is: it carries steps out, somewhere, and tells how they go."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from harness.cost.resources import Resources
from harness.execution.events import Event
from harness.execution.request import Roots, StepRequest
from harness.frozen_model import FrozenModel

S = TypeVar("S", bound=FrozenModel)


@dataclass(frozen=True)
class RunContext:
    """The run for which an executor works.

    Attributes:
        name: Of the run; no other run of the store has it.
        sequence: Name of the sequence file.
        folder: Below the store, for logs and requests.
        roots: Of the process that runs `xstilts run`.
        workers: Steps at the same time, where the user says so.
        processes: Training processes of a stage, where the user says so.
        stall_seconds: A process that neither reports nor computes for so long is ended.
        stop_seconds: How long a process may take to end after it was asked to.
    """

    name: str
    sequence: str
    folder: Path
    roots: Roots
    workers: int | None = None
    processes: int = 1
    stall_seconds: float = 600.0
    stop_seconds: float = 20.0


@dataclass(frozen=True)
class Handle:
    """A step that was handed to an executor.

    Attributes:
        attempt: The request's.
        name: What the executor calls it, such as the number of a job; shown to people.
        log: File of what its processes print, where there is one.
    """

    attempt: str
    name: str = ""
    log: Path | None = None


@dataclass(frozen=True)
class StepEvent:
    """Something that is heard of a step."""

    handle: Handle
    event: Event


class Executor(ABC):
    """Carries steps out.

    All methods are called from one thread. An executor moves no weights: its processes share the store.
    Every attempt that was submitted ends with exactly one outcome (harness.execution.events.Outcome), or
    with `close`.
    """

    @abstractmethod
    def capacity(self) -> int | None:
        """Return how many more steps can be submitted now; None: any number, they queue elsewhere."""

    def require(self, resources: Sequence[Resources]) -> None:  # noqa: B027  # most need not look
        """Refuse, before the first step, requests that could never be met.

        Raises:
            UserError: names what is asked for, what there is, and which setting to change.
        """

    @abstractmethod
    def submit(self, request: StepRequest) -> Handle:
        """Take a step on; its events are heard from `events`."""

    @abstractmethod
    def events(self, seconds: float) -> list[StepEvent]:
        """Return what was heard since the last call, waiting up to so many seconds for something.

        Waits without using the processor. The last event of an attempt is its outcome.
        """

    @abstractmethod
    def cancel(self, handle: Handle) -> None:
        """Ask a step to save a resume point and end; its outcome is still heard, as `Interrupted`."""

    def adopts(self, digest: str) -> bool:
        """Return whether a process of an earlier run is at a step, which `submit` would take over."""
        return False

    def leaves(self) -> str | None:
        """Return what goes on when the run is interrupted, and what a user can do; None: nothing does."""
        return None

    @abstractmethod
    def close(self) -> None:
        """End what still runs, at once, and give back what is held; may be called twice."""


@dataclass(frozen=True)
class ExecutorKind(Generic[S]):
    """An executor by name: what its profile can set, and how one is made.

    Attributes:
        settings: Model of the `settings` of a profile; light to import.
        create: Makes the executor of a run; imports its library only then.
        script: Writes a script with which a user submits runs by hand, where the executor has such scripts:
            of a name, so many runs that share a plan, the words of one, and the resources of its steps.
    """

    settings: type[S]
    create: Callable[[S, RunContext], Executor]
    script: Callable[[S, str, int, Sequence[str], Resources], str] | None = None

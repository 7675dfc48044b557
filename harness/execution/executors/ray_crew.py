"""A crew: the actors of a Ray cluster that carry out one step after the other together."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from harness.cost.resources import Resources
from harness.execution.attempt_folder import AttemptFolder, EventReader
from harness.execution.events import Failed, Finished, Interrupted, Lost, Outcome
from harness.execution.executors.base import Handle
from harness.execution.executors.ray_connection import RaySettings
from harness.execution.executors.ray_worker import Worker
from harness.message_text import first_line

# After one process of several is gone, the others may still have to say why.
_LAST_WORDS_SECONDS = 3.0


@dataclass(eq=False)
class Task:
    """A step that was taken on."""

    handle: Handle
    attempt: AttemptFolder
    resources: Resources
    cancelled: bool = False
    reader: EventReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = EventReader(self.attempt)


class Crew:
    """One process for each rank of a step; it waits for its resources first.

    Attributes:
        resources: Of the steps that it can carry out.
        awaited: What its processes were asked last: their nodes, or to run a step.
        is_ready: Whether all its processes have started and know each other.
        task: The step that it carries out.
        since: When it was last given something to do or had done it, by the monotonic clock.
    """

    def __init__(self, resources: Resources, settings: RaySettings) -> None:
        """Ask Ray for the processes."""
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        self.resources = resources
        options: dict[str, Any] = {
            "num_cpus": resources.threads,
            "num_gpus": resources.devices,
            "resources": settings.custom,
            "accelerator_type": settings.accelerator_type,
            "max_restarts": 0,
            "max_concurrency": 2,
        }
        self._group = _placement_group(resources, settings) if resources.processes > 1 else None
        if self._group is None:
            options["memory"] = resources.memory
        self.actors = []
        for rank in range(resources.processes):
            if self._group is not None:
                bundle = rank * resources.nodes // resources.processes
                options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(self._group, bundle)
            self.actors.append(ray.remote(Worker).options(**options).remote())
        self.awaited: list[Any] = [actor.place.remote() for actor in self.actors]
        self.is_ready = False
        self.task: Task | None = None
        self.since = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether it can be given a step now."""
        return self.is_ready and self.task is None

    def get_ready(self) -> None:
        """Look whether all processes have started, and make them know each other.

        Raises:
            RayError: one of them is gone.
        """
        import ray

        done, pending = ray.wait(self.awaited, num_returns=len(self.awaited), timeout=0)
        if pending and _first_error(done) is None:
            return
        places = ray.get(self.awaited, timeout=_LAST_WORDS_SECONDS)
        if len(self.actors) > 1:
            port, ranks = ray.get(self.actors[0].free_port.remote()), len(self.actors)
            ray.get([one.join.remote(rank, ranks, places[0], port) for rank, one in enumerate(self.actors)])
        self.is_ready, self.awaited, self.since = True, [], time.monotonic()

    def begin(self, task: Task) -> None:
        """Carry out a step."""
        self.task = task
        self.awaited = [actor.run.remote(str(task.attempt.folder)) for actor in self.actors]

    def ask_to_end(self) -> None:
        """Let the step save a resume point and end."""
        for actor in self.actors:
            actor.stop.remote()

    def outcome(self, task: Task) -> tuple[Outcome, bool] | None:
        """Return how its step ended, and whether it can take another one; None: the step goes on."""
        import ray

        done, pending = ray.wait(self.awaited, num_returns=len(self.awaited), timeout=0)
        if pending and _first_error(done) is None:
            return None
        if pending:
            done, _ = ray.wait(self.awaited, num_returns=len(self.awaited), timeout=_LAST_WORDS_SECONDS)
        gone = {rank for rank, one in enumerate(self.awaited) if one in done and _first_error([one])}
        told = task.attempt.outcome
        explained = {error.rank for error in task.attempt.rank_errors()}
        if told is None or (gone - explained and not isinstance(told, Finished)):
            # What the other ranks say is only that these are gone.
            error = _first_error(done)
            reason = first_line(error) if error else "the worker ended without a word"
            told = Lost(reason=f"{reason} (log: {task.attempt.log})")
        # An error may leave its traces on a device, and a stopped process ends.
        unusable = isinstance(told, Interrupted | Lost) or (isinstance(told, Failed) and not told.expected)
        usable = not gone and not unusable
        self.task, self.awaited, self.since = None, [], time.monotonic()
        return told, usable

    def dismiss(self) -> None:
        """End its processes and give its resources back."""
        import ray
        from ray.util import remove_placement_group

        for actor in self.actors:
            with suppress(Exception):
                ray.kill(actor)
        if self._group is not None:
            with suppress(Exception):
                remove_placement_group(self._group)


def _placement_group(resources: Resources, settings: RaySettings) -> Any:
    """Reserve the nodes of a step of several processes: all of one node's in one bundle, so packed on it."""
    from ray.util import placement_group

    per_node = -(-resources.processes // resources.nodes)
    bundle: dict[str, float] = {"CPU": resources.threads * per_node}
    if resources.devices:
        bundle["GPU"] = resources.devices * per_node
    if resources.memory is not None:
        bundle["memory"] = resources.memory
    if settings.accelerator_type is not None:
        bundle[f"accelerator_type:{settings.accelerator_type}"] = 0.001
    bundle |= {name: amount * per_node for name, amount in settings.custom.items()}
    strategy = "STRICT_SPREAD" if resources.nodes > 1 else "STRICT_PACK"
    return placement_group([bundle] * resources.nodes, strategy=strategy)


def _first_error(references: Sequence[Any]) -> Exception | None:
    """Return why the first of some calls that have ended was not answered; None where all were."""
    import ray
    from ray.exceptions import RayError

    for one in references:
        try:
            ray.get(one, timeout=0)
        except RayError as error:
            found: Exception = error
            return found
    return None

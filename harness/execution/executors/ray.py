"""Steps on a Ray cluster: https://docs.ray.io.

Every step that waits has a crew of actors that waits for resources, so that an autoscaling cluster sees the
whole demand; a crew that has ended its step takes the next one with its imports made.
"""

import time
from collections import Counter
from collections.abc import Iterator

from harness.cost.resources import Resources
from harness.execution.attempt_folder import AttemptFolder
from harness.execution.events import Event, Interrupted, Lost
from harness.execution.executors.base import Executor, ExecutorKind, Handle, RunContext, StepEvent
from harness.execution.executors.ray_connection import RaySettings, connect
from harness.execution.executors.ray_crew import Crew, Task
from harness.execution.request import StepRequest
from harness.message_text import first_line

_LOOK_SECONDS = 0.5
# Crews that do not start are asked for again after ever longer pauses; at last their steps count as lost.
_STARTS, _LONGEST_PAUSE_SECONDS = 6, 30.0


class RayExecutor(Executor):
    """Carries steps out by the actors of a Ray cluster."""

    def __init__(self, settings: RaySettings, context: RunContext) -> None:
        """Connect to the cluster, or start one.

        Raises:
            NoRayError: Ray is not installed, or there is no cluster at the address.
        """
        self._settings, self._context = settings, context
        self._most = context.workers or settings.max_workers
        self._waiting: list[Task] = []
        self._crews: list[Crew] = []
        # How often in a row crews did not start, why, and when the next are asked for.
        self._failed_starts, self._start_error, self._next_start = 0, "", 0.0
        self._owns_connection = connect(settings)

    def capacity(self) -> int | None:
        """Return how many more steps the profile allows; without a limit all queue in Ray."""
        if self._most is None:
            return None
        return max(0, self._most - len(self._waiting) - sum(crew.task is not None for crew in self._crews))

    def submit(self, request: StepRequest) -> Handle:
        """Take a step on."""
        attempt = AttemptFolder(self._context.folder / "steps" / request.attempt.replace("/", "-"))
        attempt.folder.mkdir(parents=True, exist_ok=True)
        request.write(attempt.request, self._context.roots)
        handle = Handle(request.attempt, "", attempt.log)
        resources = request.resources.requested().model_copy(update={"time_limit": None})
        self._waiting.append(Task(handle, attempt, resources))
        return handle

    def events(self, seconds: float) -> list[StepEvent]:
        """Return what the crews have told."""
        limit = time.monotonic() + seconds
        while True:
            self._staff()
            found = [StepEvent(task.handle, event) for task, event in self._news()]
            left = limit - time.monotonic()
            if found or left <= 0:
                return found
            self._wait(min(left, _LOOK_SECONDS))

    def cancel(self, handle: Handle) -> None:
        """Let a step save a resume point and end."""
        for task in self._waiting:
            task.cancelled |= task.handle.attempt == handle.attempt
        for crew in self._crews:
            if crew.task is not None and crew.task.handle.attempt == handle.attempt:
                crew.ask_to_end()

    def close(self) -> None:
        """End all crews, and the connection or the cluster of this run."""
        import ray

        while self._crews:
            self._crews.pop().dismiss()
        self._waiting.clear()
        if self._owns_connection:
            ray.shutdown()
            self._owns_connection = False

    def _staff(self) -> None:
        """Give ready crews their next steps; ask for the crews that are missing, and let others go."""
        self._look_at_new_crews()
        for crew in [one for one in self._crews if one.is_idle]:
            task = next((task for task in self._waiting if task.resources == crew.resources), None)
            if task is not None:
                self._waiting.remove(task)
                crew.begin(task)
        missing = Counter[Resources](task.resources for task in self._waiting)
        for crew in [one for one in self._crews if not one.is_ready]:
            missing[crew.resources] -= 1
            if missing[crew.resources] < 0:
                # Another crew has taken the step for which this one was asked.
                self._dismiss(crew)
        long_ago = time.monotonic() - self._settings.idle_seconds
        for crew in [one for one in self._crews if one.is_idle]:
            # It may hold what a step with other needs waits for.
            if self._waiting or crew.since < long_ago:
                self._dismiss(crew)
        if time.monotonic() < self._next_start:
            return
        for resources, number in missing.items():
            self._crews += [Crew(resources, self._settings) for _ in range(number)]

    def _look_at_new_crews(self) -> None:
        from ray.exceptions import RayError

        failed = False
        for crew in [one for one in self._crews if not one.is_ready]:
            try:
                crew.get_ready()
            except RayError as error:
                # Its node was lost before it began; another crew is asked for while its step waits.
                last = str(error).strip().splitlines()[1:][-1:]
                failed, self._start_error = True, " … ".join([first_line(error), *last])
                self._dismiss(crew)
            else:
                self._failed_starts = 0 if crew.is_ready else self._failed_starts
        if failed:
            self._failed_starts += 1
            pause = min(_LOOK_SECONDS * 2**self._failed_starts, _LONGEST_PAUSE_SECONDS)
            self._next_start = time.monotonic() + pause

    def _news(self) -> Iterator[tuple[Task, Event]]:
        for cancelled in [one for one in self._waiting if one.cancelled]:
            self._waiting.remove(cancelled)
            yield cancelled, Interrupted()
        if self._failed_starts >= _STARTS:
            self._failed_starts = 0
            while self._waiting:
                yield self._waiting.pop(), Lost(reason=f"no worker started: {self._start_error}")
        for crew in [*self._crews]:
            if (task := crew.task) is None:
                continue
            # Asked before the events are read, so that the last ones are heard.
            ended = crew.outcome(task)
            for event in task.reader.new():
                yield task, event
            if ended is not None:
                outcome, usable = ended
                if not usable:
                    self._dismiss(crew)
                yield task, outcome

    def _dismiss(self, crew: Crew) -> None:
        self._crews.remove(crew)
        crew.dismiss()

    def _wait(self, seconds: float) -> None:
        """Wait until a crew has started or has ended its step, or for so many seconds."""
        import ray

        awaited = [one for crew in self._crews for one in crew.awaited]
        if awaited:
            ray.wait(awaited, num_returns=1, timeout=seconds)
        else:
            time.sleep(seconds)


KIND = ExecutorKind(RaySettings, RayExecutor)

"""Between scheduler and executor: submits what is ready, and takes each event for what it means."""

import time
from collections.abc import Mapping

from harness.errors import RunError, UserError
from harness.execution.entry_state import EntryStates
from harness.execution.events import (
    Busy,
    Checked,
    Failed,
    Finished,
    Heartbeat,
    Interrupted,
    Lost,
    Missing,
    Outcome,
    Queued,
    Released,
    Remark,
    Started,
)
from harness.execution.executors.base import Executor, StepEvent
from harness.execution.graph import Node
from harness.execution.planned_steps import PlannedStep
from harness.execution.preflight import CHECK
from harness.execution.run_status import RunStatus
from harness.execution.running_steps import RunningStep, RunningSteps
from harness.execution.scheduler import Scheduler, State
from harness.execution.step_outcomes import StepOutcomes
from harness.execution.step_requests import StepRequests
from harness.execution.steps.base import ENTRY_KINDS, StepProgress
from harness.execution.taken_steps import TakenSteps
from harness.resolved_plan import ResolvedPlan
from harness.store.disk import StoreFullError
from harness.store.store import Store


class RefusedError(UserError):
    """What a plan asks for cannot be trained as it stands."""


class CheckFailedError(RunError):
    """The check before the first step could not be carried out."""


class Dispatcher:
    """Carries steps of a plan out by an executor."""

    def __init__(
        self,
        resolved: ResolvedPlan,
        store: Store,
        states: EntryStates,
        requests: StepRequests,
        steps: Mapping[str, PlannedStep],
        outcomes: StepOutcomes,
    ) -> None:
        """Prepare to carry steps out.

        Args:
            resolved: The plan.
            store: Where its entries lie.
            states: Which of them are finished.
            requests: Makes the requests of steps.
            steps: Digest -> step, in the order of the plan.
            outcomes: Takes note of how they end.
        """
        self._resolved, self._store, self._states = resolved, store, states
        self._requests, self._steps, self._outcomes = requests, steps, outcomes
        self._reporter = outcomes.reporter
        status = RunStatus(
            run=requests.run, sequence=resolved.plan.loaded.spec.name, executor=requests.profile.executor
        )
        self._running = RunningSteps(store.layout.runs / requests.run, status)
        self._taken = TakenSteps(store)

    def run(self, executor: Executor, needed: set[str]) -> None:
        """Carry out steps until each is finished, has failed or is left out.

        Raises:
            RefusedError: Nothing of the plan can be trained as it stands.
            StoreFullError: There is no space left on the store's disk.
        """
        nodes = self._nodes(needed)
        executor.require([self._requests.resources(self._steps[key]) for key in nodes if key != CHECK])
        places = executor.capacity()
        self._reporter.workers = places or len(nodes)
        self._scheduler = Scheduler(nodes.values(), in_order=places == 1)
        while not self._scheduler.is_done:
            self._look_at_taken()
            self._submit(executor)
            self._tell_status()
            for heard in executor.events(self._taken.pause if self._running or self._taken else 0.0):
                self._hear(heard)
        self._running.close()

    def interrupt(self, executor: Executor, seconds: float) -> None:
        """Let what runs save resume points, within so many seconds, and say what is lost.

        Nothing is done where the executor's processes go on without the run.
        """
        if (leaves := executor.leaves()) is not None:
            self._reporter.say(f"stopping: {leaves}")
            self._tell_status(leaves)
            return
        self._running.close()
        if self._running:
            self._reporter.say(
                f"stopping: what runs saves a resume point, in {seconds:.0f} s at most; again ends it at once"
            )
        for running in self._running:
            executor.cancel(running.handle)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            for heard in executor.events(deadline - time.monotonic()):
                self._hear_last(heard)
        for running in self._running:
            self._say_stopped(running, "was ended; it goes on from its last resume point, if there is one")

    def _nodes(self, needed: set[str]) -> dict[str, Node]:
        trains = any(self._steps[digest].kind == "train" for digest in needed)
        found = {CHECK: Node(CHECK)} if trains else {}
        for digest, step in self._steps.items():
            if digest in needed:
                found[digest] = self._node(step, checked=trains)
        return found

    def _node(self, step: PlannedStep, *, checked: bool = False) -> Node:
        before = tuple(self._resolved.digests[stage] for stage in step.dependencies)
        seconds = self._requests.resources(step).seconds or 1.0
        return Node(step.digest, (*before, *((CHECK,) if checked else ())), seconds)

    def _submit(self, executor: Executor) -> None:
        while (free := executor.capacity()) is None or free > 0:
            chosen = self._scheduler.next(1)
            if not chosen:
                return
            (key,) = chosen
            ended = self._running.tries(key).ended
            if key != CHECK and not executor.adopts(key) and self._taken.is_taken(key, ended):
                self._taken.add(key)
                continue
            request = (
                self._requests.check() if key == CHECK else self._requests.request(self._steps[key], ended)
            )
            self._running.add(key, request, executor.submit(request))

    def _tell_status(self, leaves: str = "") -> None:
        self._running.tell(len(self._steps), *self._outcomes.counts, leaves)

    def _look_at_taken(self) -> None:
        for key in self._taken.due():
            if self._store.path(ENTRY_KINDS[self._steps[key].kind], key).exists():
                self._taken.remove(key)
                self._reuse(key)
            elif not self._taken.is_taken(key, self._running.tries(key).ended):
                self._taken.remove(key)
                self._scheduler.put_back(key)
            else:
                self._taken.wait_on(key)

    def _hear(self, heard: StepEvent) -> None:
        running = self._running.get(heard.handle)
        if running is None:
            return
        running.note(heard.handle, heard.event)
        match heard.event:
            case Heartbeat() | Released():
                return
            case Queued():
                self._reporter.say(f"  queued  {self._outcomes.label(running.key)}: {heard.event.text}")
                return
            case Started():
                self._outcomes.show(running)
                return
            case StepProgress() | Remark():
                self._outcomes.show(running).on_event(heard.event)
                return
        self._running.end(running, heard.event)
        self._end(running, heard.event)

    def _end(self, running: RunningStep, event: Outcome) -> None:
        key = running.key
        match event:
            case Checked():
                self._outcomes.withdraw(running)
                for warning in event.warnings:
                    self._reporter.say(f"warning: {warning}")
                self._scheduler.finish(key)
            case Finished():
                self._end_finished(running, event)
            case Failed():
                self._end_failed(running, event)
            case Busy():
                self._outcomes.withdraw(running)
                self._taken.add(key)
            case Missing():
                self._outcomes.withdraw(running)
                self._end_missing(key, event)
            case Interrupted() | Lost():
                self._outcomes.withdraw(running)
                self._try_again(running, event)

    def _end_finished(self, running: RunningStep, event: Finished) -> None:
        if event.reused or event.manifest is None:
            self._outcomes.withdraw(running)
            self._reuse(running.key)
            return
        self._outcomes.made(running, event.manifest)
        self._scheduler.finish(running.key)

    def _reuse(self, key: str) -> None:
        self._outcomes.reused(key)
        self._scheduler.finish(key)

    def _end_failed(self, running: RunningStep, event: Failed) -> None:
        if event.disk_full:
            raise StoreFullError(self._store.layout.root)
        error = (
            f"{event.error} (log: {event.log})" if event.log and "(log: " not in event.error else event.error
        )
        if running.key == CHECK:
            raise RefusedError(event.error) if event.refused else CheckFailedError(error)
        if running.shown is not None:
            self._reporter.end(running.shown)
        self._fail(running.key, error)

    def _fail(self, key: str, error: str) -> None:
        self._outcomes.failed(key, error, self._scheduler.fail(key))

    def _end_missing(self, key: str, event: Missing) -> None:
        """Put a step back, behind the stages that it needs and what those need in turn."""
        self._states.say_damage(event.digests[0], list(event.damage))
        for digest in event.digests:
            self._states.note(digest, finished=False)
        lost = [
            digest
            for digest in event.digests
            if digest in self._scheduler and self._scheduler.state(digest) in (State.FAILED, State.SKIPPED)
        ]
        if lost:
            self._fail(key, f"left out: {self._steps[lost[0]].stage} failed")
            return
        self._scheduler.put_back(key)
        needed = self._states.needed()
        again = [step for digest, step in self._steps.items() if digest in needed]
        for step in again:
            if step.digest not in self._scheduler or self._scheduler.state(step.digest) is State.FINISHED:
                self._outcomes.requeue(step)
        self._scheduler.reopen(self._node(step) for step in again)

    def _try_again(self, running: RunningStep, event: Interrupted | Lost) -> None:
        tries = self._running.tries(running.key)
        tries.add(running.handle.attempt, event)
        if tries.are_enough:
            self._fail(running.key, f"lost {tries.losses} times without saving anything new")
        else:
            why = event.reason if isinstance(event, Lost) else "interrupted from outside"
            self._reporter.say(f"  again   {self._outcomes.label(running.key)}: {why}")
            self._scheduler.put_back(running.key)

    def _hear_last(self, heard: StepEvent) -> None:
        """Take an event of a step that was asked to end."""
        running = self._running.get(heard.handle)
        if running is None:
            return
        match heard.event:
            case Interrupted(saved=None):
                said = "nothing of it is saved since its last resume point"
            case Interrupted(saved=saved):
                said = f"{saved:,} optimizer steps are saved; nothing is lost"
            case Finished():
                self._running.end(running, heard.event)
                self._end(running, heard.event)
                return
            case Failed(error=error):
                said = error
            case Busy() | Missing() | Lost() | Checked():
                said = "had not begun"
            case _:
                return
        self._running.end(running, heard.event)
        self._say_stopped(running, said)

    def _say_stopped(self, running: RunningStep, said: str) -> None:
        self._reporter.say(f"  stopped {self._outcomes.label(running.key)}: {said}")

"""Between scheduler and executor: submits what is ready, and takes each event for what it means."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import RunError, UserError
from harness.execution.entry_state import EntryStates
from harness.execution.events import (
    Busy,
    Checked,
    Event,
    Failed,
    Finished,
    Heartbeat,
    Interrupted,
    Lost,
    Missing,
    Queued,
    Released,
    Remark,
    Started,
)
from harness.execution.executors.base import Executor, Handle, StepEvent
from harness.execution.graph import Node
from harness.execution.planned_steps import Outcome, PlannedStep
from harness.execution.preflight import CHECK
from harness.execution.reporter import Reporter, Shown, summary
from harness.execution.run_status import RunStatus, StatusFile, StepStatus
from harness.execution.scheduler import Scheduler, State
from harness.execution.step_requests import StepRequests
from harness.execution.steps.base import ENTRY_KINDS, StepProgress
from harness.execution.submission_log import SubmissionLog
from harness.execution.target_weights import TargetWeights
from harness.planning.stage import Stage
from harness.resolved_plan import ResolvedPlan
from harness.store.disk import StoreFullError
from harness.store.lock import is_lost
from harness.store.store import Store

_WAIT_SECONDS = 5.0
_FIRST_BUSY_SECONDS = 0.5
_MOST_LOSSES = 10


class RefusedError(UserError):
    """What a plan asks for cannot be trained as it stands."""


class CheckFailedError(RunError):
    """The check before the first step could not be carried out."""


@dataclass
class _Attempts:
    """What was tried of a step.

    Attributes:
        ended: Attempts that have ended without a result.
        losses: How many of them in a row saved nothing new.
        saved: Optimizer steps that the last resume point holds.
    """

    ended: list[str] = field(default_factory=list)
    losses: int = 0
    saved: int = 0


@dataclass
class _Running:
    key: str
    handle: Handle
    status: StepStatus
    shown: Shown | None = None

    def note(self, handle: Handle, event: Event) -> None:
        """Take from an event what `xstilts status` says of the step."""
        self.handle = handle
        waits = self.status.started is None
        place: dict[str, object] = {"where": handle.name} if waits and handle.name else {}
        match event:
            case Started():
                process = f"{event.host}, process {event.pid}"
                where = f"{handle.name} on {process}" if handle.name else process
                place = {"where": where, "started": time.time()}
            case StepProgress():
                place = {"progress": event.text}
        log = str(handle.log) if handle.log else ""
        self.status = self.status.model_copy(update=place | {"log": log})


@dataclass
class _Waiting:
    """A step that another run is at, and when to look at it again."""

    pause: float = _FIRST_BUSY_SECONDS
    due: float = field(default_factory=time.monotonic)


class Dispatcher:
    """Carries steps of a plan out by an executor."""

    def __init__(
        self,
        resolved: ResolvedPlan,
        store: Store,
        states: EntryStates,
        requests: StepRequests,
        steps: Mapping[str, PlannedStep],
        reporter: Reporter,
        outcome: Outcome,
        weights: TargetWeights | None,
    ) -> None:
        """Prepare to carry steps out.

        Args:
            resolved: The plan.
            store: Where its entries lie.
            states: Which of them are finished.
            requests: Makes the requests of steps.
            steps: Digest -> step, in the order of the plan.
            reporter: Shows what happens.
            outcome: Is filled.
            weights: Discards those of targets; None: they are kept.
        """
        self._resolved, self._store, self._states = resolved, store, states
        self._requests, self._steps = requests, steps
        self._reporter, self._outcome, self._weights = reporter, outcome, weights
        self._running: dict[str, _Running] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._attempts: dict[str, _Attempts] = {}
        self._status = RunStatus(
            run=requests.run, sequence=resolved.plan.loaded.spec.name, executor=requests.profile.executor
        )
        self._status_file = StatusFile(store.layout.runs / requests.run)
        self._log = SubmissionLog(store.layout.runs / requests.run)

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
            self._look_at_waiting()
            self._submit(executor)
            self._tell_status()
            pause = min((one.due - time.monotonic() for one in self._waiting.values()), default=_WAIT_SECONDS)
            for heard in executor.events(max(0.0, pause) if self._running or self._waiting else 0.0):
                self._hear(heard)
        self._status_file.remove()

    def interrupt(self, executor: Executor, seconds: float) -> None:
        """Let what runs save resume points, within so many seconds, and say what is lost.

        Nothing is done where the executor's processes go on without the run.
        """
        if (leaves := executor.leaves()) is not None:
            self._reporter.say(f"stopping: {leaves}")
            self._tell_status(leaves)
            return
        self._status_file.remove()
        if self._running:
            self._reporter.say(
                f"stopping: what runs saves a resume point, in {seconds:.0f} s at most; again ends it at once"
            )
        for running in list(self._running.values()):
            executor.cancel(running.handle)
        deadline = time.monotonic() + seconds
        while self._running and time.monotonic() < deadline:
            for heard in executor.events(deadline - time.monotonic()):
                self._hear_last(heard)
        for running in self._running.values():
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
            if key != CHECK and not executor.adopts(key) and self._is_taken(key):
                self._waiting[key] = _Waiting()
                continue
            request = (
                self._requests.check()
                if key == CHECK
                else self._requests.request(self._steps[key], self._tried(key).ended)
            )
            handle = executor.submit(request)
            status = StepStatus(label=request.label, digest=request.step.digest, submitted=time.time())
            self._running[request.attempt] = _Running(key, handle, status)
            self._log.add(request, handle)

    def _tell_status(self, leaves: str = "") -> None:
        """Say how the run stands, now and then, and when it is left."""
        if not leaves and not self._status_file.is_due:
            return
        failed = len(self._outcome.failures) + len(self._outcome.unmeasured)
        finished = self._outcome.made.total() + self._outcome.reused.total()
        steps = tuple(running.status for running in self._running.values())
        self._status_file.write(
            self._status.model_copy(
                update={
                    "finished": finished,
                    "failed": failed,
                    "waiting": max(0, len(self._steps) - finished - failed - len(steps)),
                    "steps": steps,
                    "leaves": leaves,
                }
            )
        )

    def _is_taken(self, key: str) -> bool:
        """Return whether another process holds the lock of an entry."""
        try:
            return not is_lost(self._store.layout.lock(key), self._tried(key).ended)
        except FileNotFoundError:
            return False

    def _look_at_waiting(self) -> None:
        now = time.monotonic()
        for key, waiting in list(self._waiting.items()):
            if now < waiting.due:
                continue
            if self._store.path(ENTRY_KINDS[self._steps[key].kind], key).exists():
                del self._waiting[key]
                self._finish(key, reused=True)
            elif not self._is_taken(key):
                del self._waiting[key]
                self._scheduler.put_back(key)
            else:
                waiting.pause = min(2 * waiting.pause, _WAIT_SECONDS)
                waiting.due = now + waiting.pause

    def _tried(self, key: str) -> _Attempts:
        return self._attempts.setdefault(key, _Attempts())

    def _hear(self, heard: StepEvent) -> None:
        running = self._running.get(heard.handle.attempt)
        if running is None:
            return
        running.note(heard.handle, heard.event)
        match heard.event:
            case Heartbeat() | Released():
                return
            case Queued():
                self._reporter.say(f"  queued  {self._label(running.key)}: {heard.event.text}")
                return
            case Started():
                self._show(running)
                return
            case StepProgress() | Remark():
                self._show(running).on_event(heard.event)
                return
        del self._running[heard.handle.attempt]
        self._end(running, heard.event)

    def _end(self, running: _Running, event: Event) -> None:
        key = running.key
        match event:
            case Checked():
                self._withdraw(running)
                for warning in event.warnings:
                    self._reporter.say(f"warning: {warning}")
                self._scheduler.finish(key)
            case Finished():
                self._end_finished(running, event)
            case Failed():
                self._end_failed(running, event)
            case Busy():
                self._withdraw(running)
                self._waiting[key] = _Waiting()
            case Missing():
                self._withdraw(running)
                self._end_missing(key, event)
            case Interrupted() | Lost():
                self._withdraw(running)
                self._try_again(running, event)

    def _end_finished(self, running: _Running, event: Finished) -> None:
        if event.reused or event.manifest is None:
            self._withdraw(running)
            self._finish(running.key, reused=True)
            return
        step = self._steps[running.key]
        self._finish(running.key, reused=False)
        self._show(running).finished(
            *self._size(step), event.manifest.result.seconds, summary(event.manifest)
        )

    def _finish(self, key: str, *, reused: bool) -> None:
        step = self._steps[key]
        self._states.note(key, finished=True)
        if reused:
            self._outcome.reused[step.kind] += 1
            self._reporter.reused(str(step), *self._size(step))
        else:
            self._outcome.made[step.kind] += 1
        if self._weights is not None:
            self._weights.after(step)
        self._scheduler.finish(key)

    def _end_failed(self, running: _Running, event: Failed) -> None:
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
        step = self._steps[key]
        self._failures(step)[step.stage] = error
        self._store.record_failure(key, error)
        self._reporter.failed(str(step), error, *self._size(step))
        for left_out, before in self._scheduler.fail(key):
            self._leave_out(self._steps[left_out], self._steps[before].stage)

    def _leave_out(self, step: PlannedStep, before: Stage) -> None:
        # A target's own failure is already there when its evaluation is left out.
        self._failures(step).setdefault(step.stage, f"left out: {before} failed")
        self._reporter.left_out(str(step), f"left out: {before} failed", *self._size(step))

    def _failures(self, step: PlannedStep) -> dict[Stage, str]:
        """Return where a failure is kept: what was not measured keeps no stage from being trained."""
        return self._outcome.unmeasured if step.kind == "forgetting" else self._outcome.failures

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
                self._reporter.requeue(*self._size(step))
        self._scheduler.reopen(self._node(step) for step in again)

    def _try_again(self, running: _Running, event: Interrupted | Lost) -> None:
        tried = self._tried(running.key)
        tried.ended.append(running.handle.attempt)
        saved = event.saved or 0 if isinstance(event, Interrupted) else 0
        tried.losses = 0 if saved > tried.saved else tried.losses + 1
        tried.saved = max(tried.saved, saved)
        if tried.losses <= _MOST_LOSSES:
            why = event.reason if isinstance(event, Lost) else "interrupted from outside"
            self._reporter.say(f"  again   {self._label(running.key)}: {why}")
            self._scheduler.put_back(running.key)
        else:
            self._fail(running.key, f"lost {tried.losses} times without saving anything new")

    def _hear_last(self, heard: StepEvent) -> None:
        """Take an event of a step that was asked to end."""
        running = self._running.get(heard.handle.attempt)
        if running is None:
            return
        match heard.event:
            case Interrupted(saved=None):
                said = "nothing of it is saved since its last resume point"
            case Interrupted(saved=saved):
                said = f"{saved:,} optimizer steps are saved; nothing is lost"
            case Finished():
                del self._running[heard.handle.attempt]
                self._end(running, heard.event)
                return
            case Failed(error=error):
                said = error
            case Busy() | Missing() | Lost() | Checked():
                said = "had not begun"
            case _:
                return
        del self._running[heard.handle.attempt]
        self._say_stopped(running, said)

    def _say_stopped(self, running: _Running, said: str) -> None:
        self._reporter.say(f"  stopped {self._label(running.key)}: {said}")

    def _label(self, key: str) -> str:
        return "the check of the model" if key == CHECK else str(self._steps[key])

    def _show(self, running: _Running) -> Shown:
        if running.shown is None:
            running.shown = self._reporter.begin(self._label(running.key), counts=running.key != CHECK)
        return running.shown

    def _withdraw(self, running: _Running) -> None:
        if running.shown is not None:
            self._reporter.withdraw(running.shown)
            running.shown = None

    def _size(self, step: PlannedStep) -> tuple[int, int]:
        """Return how many samples and items a step has."""
        return step_size(self._resolved, step)


def step_size(resolved: ResolvedPlan, step: PlannedStep) -> tuple[int, int]:
    """Return how many training samples and evaluation items a step has."""
    if step.kind == "train":
        return resolved.samples(step.stage), 0
    return 0, resolved.items(step.stage) if step.kind == "evaluate" else 0

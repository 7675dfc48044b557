"""Steps as jobs of a Slurm cluster: https://slurm.schedmd.com.

Plain `sbatch`, not submitit: a step is a file already, so there is nothing to pickle; whether a job has
ended is asked of squeue, which every cluster has, where submitit asks sacct, which needs an accounting
database; and the script that is submitted can be read, or printed for those who submit it themselves. The
login node is asked rarely: steps that are ready together are one job array, and one call of squeue covers
all jobs.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.cost.resources import Resources
from harness.errors import RunError
from harness.execution.attempt_folder import AttemptFolder, EventReader
from harness.execution.events import Event, Failed, Interrupted, Lost, Outcome, Queued
from harness.execution.executors import slurm_commands
from harness.execution.executors.base import Executor, ExecutorKind, Handle, RunContext, StepEvent
from harness.execution.executors.slurm_commands import Job, SlurmCommandError
from harness.execution.executors.slurm_script import OUT_OF_TIME, SlurmSettings, array_script, runs_script
from harness.execution.request import StepRequest

_LOOK_SECONDS = 1.0
# Entries of a folder that another machine writes to are seen late (NFS: up to 60 s, `man 5 nfs`, acdirmax).
_SETTLE_SECONDS = 60.0
_LARGEST_ARRAY = 1000
_UNHEARD_SECONDS = 600.0
_PREFIX = "xstilts-"
_USUAL_REASONS = ("", "None", "Priority", "Resources", "BeginTime")


@dataclass
class _Task:
    """A step as a task of a job array."""

    handle: Handle
    attempt: AttemptFolder
    digest: str
    resumes: bool
    number: str = ""
    reason: str = ""
    cancelled: bool = False
    gone_since: float | None = None
    reader: EventReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = EventReader(self.attempt)


class SlurmExecutor(Executor):
    """Submits steps as job arrays, and hears of them through their folders in the store."""

    def __init__(self, settings: SlurmSettings, context: RunContext) -> None:
        """Prepare; jobs that an earlier run of the store left behind are looked for.

        Raises:
            NoSlurmError: no job can be submitted from this machine.
            SlurmCommandError: Slurm does not answer.
        """
        slurm_commands.require_slurm()
        self._settings, self._context = settings, context
        self._waiting: list[tuple[StepRequest, _Task]] = []
        self._adopted: list[StepEvent] = []
        self._tasks: dict[str, _Task] = {}
        self._arrays, self._name = 0, f"{_PREFIX}{context.name}"
        self._jobs = slurm_commands.listed_jobs()
        self._asked = self._answered = time.monotonic()
        self._left = {task.digest: task for task in self._left_behind()}

    def capacity(self) -> int:
        """Return how many more jobs the profile allows."""
        return max(0, (self._context.workers or self._settings.max_jobs) - len(self._tasks))

    def adopts(self, digest: str) -> bool:
        """Return whether a job of an earlier run is at a step."""
        return digest in self._left

    def submit(self, request: StepRequest) -> Handle:
        """Take a step on: a job of an earlier run that is at it, or one that is submitted with the others."""
        folder = self._context.folder / "steps" / request.attempt.replace("/", "-")
        left = self._left.pop(request.step.digest, None)
        if left is not None:
            handle = Handle(request.attempt, left.handle.name, left.handle.log)
            task = _Task(handle, left.attempt, left.digest, left.resumes)
            task.number = left.number
            # Its log is found where those of this run's own jobs are.
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(os.path.relpath(left.attempt.folder, folder.parent))
            self._adopted.append(StepEvent(handle, Queued(text=f"{handle.name} (log: {handle.log})")))
        else:
            attempt = AttemptFolder(folder)
            attempt.folder.mkdir(parents=True, exist_ok=True)
            # Nobody ends a step sooner than Slurm does.
            seconds = max(request.stop_seconds, self._settings.signal_seconds)
            request = request.model_copy(update={"stop_seconds": seconds})
            request.write(attempt.request, self._context.roots)
            resumes = request.step.kind == "train"
            task = _Task(Handle(request.attempt, "", attempt.log), attempt, request.step.digest, resumes)
            self._waiting.append((request, task))
        self._tasks[request.attempt] = task
        return task.handle

    def events(self, seconds: float) -> list[StepEvent]:
        """Submit what was taken on, and return what the jobs have told."""
        found, self._adopted = [*self._adopted, *self._submit_waiting()], []
        limit = time.monotonic() + seconds
        while not found:
            self._ask()
            found = [StepEvent(task.handle, event) for task in self._heard() for event in self._news(task)]
            left = limit - time.monotonic()
            if found or left <= 0:
                break
            time.sleep(min(left, _LOOK_SECONDS))
        return found

    def cancel(self, handle: Handle) -> None:
        """Cancel a step's job; a running one saves a resume point within Slurm's KillWait."""
        task = self._tasks.get(handle.attempt)
        if task is None:
            return
        task.cancelled = True
        if task.number:
            slurm_commands.cancel([task.number])
        else:
            self._waiting = [(request, one) for request, one in self._waiting if one is not task]

    def leaves(self) -> str | None:
        """Return which jobs go on without the run."""
        count = sum(bool(task.number) for task in self._tasks.values())
        if self._settings.on_interrupt == "cancel" or not count:
            return None
        jobs, them = ("1 job goes on", "it") if count == 1 else (f"{count} jobs go on", "them")
        return f"{jobs}; the same command finds {them} again, `scancel --name={self._name}` ends {them}"

    def close(self) -> None:
        """Leave the jobs to the next run, or cancel them, as the profile says."""
        if self._settings.on_interrupt == "cancel":
            slurm_commands.cancel([task.number for task in self._tasks.values() if task.number])
        self._tasks.clear()
        self._waiting.clear()

    def _submit_waiting(self) -> list[StepEvent]:
        """Submit the steps that were taken on, those with the same resources as one array."""
        waiting, self._waiting = self._waiting, []
        groups: dict[Resources, list[_Task]] = {}
        for request, task in waiting:
            groups.setdefault(request.resources.requested(), []).append(task)
        events: list[StepEvent] = []
        for resources, tasks in groups.items():
            for start in range(0, len(tasks), _LARGEST_ARRAY):
                events += self._submit_array(resources, tasks[start : start + _LARGEST_ARRAY])
        return events

    def _submit_array(self, resources: Resources, tasks: list[_Task]) -> Iterator[StepEvent]:
        folder = self._context.folder / "slurm" / f"{self._arrays}"
        self._arrays += 1
        folder.mkdir(parents=True)
        steps, script = folder / "steps", folder / "job.sh"
        steps.write_text("".join(f"{task.attempt.folder}\n" for task in tasks), encoding="utf-8")
        text = array_script(self._settings, resources, self._name, steps, len(tasks), folder / "%A_%a.log")
        script.write_text(text, encoding="utf-8")
        job = slurm_commands.submit(script)
        (folder / "job").write_text(job, encoding="ascii")
        for place, task in enumerate(tasks):
            task.number = f"{job}_{place}"
            task.handle = Handle(task.handle.attempt, f"job {task.number}", task.attempt.log)
            # Listed from its submission on, though squeue was not asked since.
            self._jobs[task.number] = Job(task.number, self._name, "PENDING")
            yield StepEvent(task.handle, Queued(text=f"job {task.number} (log: {task.attempt.log})"))

    def _ask(self) -> None:
        """Ask squeue, not too often."""
        now = time.monotonic()
        if now - self._asked < self._settings.poll_seconds:
            return
        self._asked = now
        try:
            self._jobs = slurm_commands.listed_jobs()
            self._answered = time.monotonic()
        except SlurmCommandError as error:
            # The controller may restart; the jobs go on meanwhile.
            if now - self._answered > _UNHEARD_SECONDS:
                raise RunError(f"Slurm has not answered for {_UNHEARD_SECONDS:.0f} s: {error}") from error

    def _heard(self) -> list[_Task]:
        return [task for task in self._tasks.values() if task.number or task.cancelled]

    def _news(self, task: _Task) -> Iterator[Event]:
        """Yield what is new of a task; its outcome last."""
        job = self._jobs.get(task.number)
        yield from self._change_of_state(task, job)
        # Asked before the events are read, so that the last ones are heard.
        outcome = self._outcome(task, job)
        yield from task.reader.new()
        if outcome is not None:
            del self._tasks[task.handle.attempt]
            yield outcome

    def _change_of_state(self, task: _Task, job: Job | None) -> Iterator[Event]:
        """Yield why a job waits, where that is something else than its turn."""
        if job is None or job.state != "PENDING" or job.reason in (task.reason, *_USUAL_REASONS):
            return
        task.reason = job.reason
        yield Queued(text=f"job {task.number} waits: {job.reason}")

    def _outcome(self, task: _Task, job: Job | None) -> Outcome | None:
        """Return how an attempt ended; None where it has not.

        An interruption counts only once the job has left the queue, since it may be requeued; so does the
        error of one of several ranks, of which the first may not be the cause.
        """
        ended = job is None
        told = task.attempt.outcome
        if told is not None and (ended or not isinstance(told, Interrupted | Failed)):
            return self._judged(task, told)
        if not ended:
            task.gone_since = None
            return None
        if task.cancelled:
            return Interrupted()
        now = time.monotonic()
        task.gone_since = task.gone_since or now
        found = slurm_commands.ended_job(task.number)
        if found is None and now - task.gone_since < _SETTLE_SECONDS:
            return None
        return _unheard(task, found)

    def _judged(self, task: _Task, told: Outcome) -> Outcome:
        """Return what an attempt told, but for a step that its time limit will interrupt each time."""
        stopped = isinstance(told, Interrupted) and (task.attempt.folder / OUT_OF_TIME).exists()
        if not stopped or task.resumes or task.cancelled:
            return told
        return Failed(
            error=f"{task.handle.name}: the time limit is too short for a step that starts over each time; "
            "raise evaluation.minutes in the executor profile",
            log=str(task.attempt.log),
        )

    def _left_behind(self) -> Iterator[_Task]:
        """Yield the tasks of earlier runs of this store that wait or run."""
        for name in {job.name for job in self._jobs.values() if job.name.startswith(_PREFIX)}:
            run = self._context.folder.parent / name.removeprefix(_PREFIX)
            for record in run.glob("slurm/*/job"):
                yield from self._tasks_of(record)

    def _tasks_of(self, record: Path) -> Iterator[_Task]:
        job = record.read_text(encoding="ascii")
        folders = (record.parent / "steps").read_text(encoding="utf-8").splitlines()
        for place, folder in enumerate(folders):
            number, attempt = f"{job}_{place}", AttemptFolder(Path(folder))
            if number not in self._jobs:
                continue
            with suppress(OSError, ValueError, KeyError):
                request = json.loads(attempt.request.read_bytes())
                if request["step"]["kind"] == "check":
                    # It goes with its own run's plan.
                    continue
                handle = Handle(request["attempt"], f"job {number} of an earlier run", attempt.log)
                step = request["step"]
                yield _Task(handle, attempt, step["digest"], step["kind"] == "train", number)


def _unheard(task: _Task, ended: Job | None) -> Outcome:
    """Return the outcome of a job that has ended without a word of its step."""
    log = f"(log: {task.attempt.log})"
    if ended is None:
        return Lost(reason=f"{task.handle.name} is gone from Slurm's queue without a word {log}")
    state, why = ended.state.lower(), f", {ended.reason}" if ended.reason else ""
    if ended.state == "OUT_OF_MEMORY":
        return Failed(
            error=f"{task.handle.name}: out of memory; raise resources.memory_gb in the executor profile",
            log=str(task.attempt.log),
        )
    if ended.state == "FAILED" and not ended.killed and not task.attempt.events.exists():
        tail = _tail(task.attempt.log)
        return Failed(
            error=f"{task.handle.name} failed{why} before its step began\n{tail}", log=str(task.attempt.log)
        )
    return Lost(reason=f"{task.handle.name}: {state}{why} {log}")


def _tail(log: Path, lines: int = 12) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


KIND = ExecutorKind(SlurmSettings, SlurmExecutor, runs_script)

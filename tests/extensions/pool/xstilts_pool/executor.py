"""Steps in a pool of threads, each of which starts a process for each step."""

import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from pydantic import Field

from harness.execution.attempt_folder import AttemptFolder, EventReader
from harness.execution.events import Lost, Started
from harness.execution.executors.base import Executor, ExecutorKind, Handle, RunContext, StepEvent
from harness.execution.request import StepRequest
from harness.frozen_model import FrozenModel


class PoolSettings(FrozenModel):
    threads: int = Field(2, ge=1)


class PoolExecutor(Executor):
    def __init__(self, settings: PoolSettings, context: RunContext) -> None:
        self._context, self._threads = context, settings.threads
        self._pool = ThreadPoolExecutor(settings.threads)
        self._heard: queue.SimpleQueue[StepEvent] = queue.SimpleQueue()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def capacity(self) -> int:
        return self._threads - len(self._processes)

    def submit(self, request: StepRequest) -> Handle:
        attempt = AttemptFolder(self._context.folder / "steps" / request.attempt.rsplit("/", 1)[-1])
        attempt.folder.mkdir(parents=True)
        request.write(attempt.request, self._context.roots)
        with attempt.log.open("wb") as log:
            command = [sys.executable, "-m", "harness.execution.run_step", str(attempt.folder)]
            self._processes[request.attempt] = subprocess.Popen(command, stdout=log, stderr=log)
        handle = Handle(request.attempt, "thread", attempt.log)
        self._pool.submit(self._follow, attempt, handle)
        return handle

    def events(self, seconds: float) -> list[StepEvent]:
        try:
            heard = self._heard.get(timeout=seconds)
        except queue.Empty:
            return []
        if not isinstance(heard.event, Started):
            self._processes.pop(heard.handle.attempt, None)
        return [heard]

    def cancel(self, handle: Handle) -> None:
        self._processes[handle.attempt].terminate()

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
        self._pool.shutdown()

    def _follow(self, attempt: AttemptFolder, handle: Handle) -> None:
        code = self._processes[handle.attempt].wait()
        started = [event for event in EventReader(attempt).new() if isinstance(event, Started)]
        for event in (*started, attempt.outcome or Lost(reason=f"ended with code {code}")):
            self._heard.put(StepEvent(handle, event))


KIND = ExecutorKind(PoolSettings, PoolExecutor)

"""Steps one after the other in the process of `xstilts run`: for debugging."""

import os
import queue
import socket
import threading

from harness.execution.attempt import outcome_of, run_request
from harness.execution.environment import drop_launcher_variables
from harness.execution.events import Event, Started
from harness.execution.executors.base import Executor, ExecutorKind, Handle, RunContext, StepEvent
from harness.execution.request import StepRequest
from harness.frozen_model import FrozenModel
from harness.store.store import Store


class InlineSettings(FrozenModel):
    """There is nothing to set."""


class InlineExecutor(Executor):
    """Carries out one step at a time, in a thread of this process."""

    def __init__(self, settings: InlineSettings, context: RunContext) -> None:
        drop_launcher_variables()
        self._store = Store(context.roots.store)
        self._data_dir = context.roots.data
        self._heard: queue.SimpleQueue[StepEvent] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def capacity(self) -> int:
        """Return 1 where nothing runs."""
        return int(self._thread is None or not self._thread.is_alive())

    def submit(self, request: StepRequest) -> Handle:
        """Begin with a step."""
        handle = Handle(request.attempt)
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(request, handle), daemon=True, name="step")
        self._thread.start()
        return handle

    def events(self, seconds: float) -> list[StepEvent]:
        """Return what the step has told."""
        found = []
        try:
            found.append(self._heard.get(timeout=seconds))
            while True:
                found.append(self._heard.get_nowait())
        except queue.Empty:
            return found

    def cancel(self, handle: Handle) -> None:
        """Ask the step to end."""
        self._stop.set()

    def close(self) -> None:
        """Ask the step to end; it ends with the process at the latest."""
        self._stop.set()

    def _run(self, request: StepRequest, handle: Handle) -> None:
        from harness.training.distributed import start_process_group

        def tell(event: Event) -> None:
            self._heard.put(StepEvent(handle, event))

        tell(Started(host=socket.gethostname(), pid=os.getpid()))
        try:
            start_process_group()
            outcome = run_request(request, self._store, self._data_dir, tell, self._stop.is_set)
        except Exception as error:  # else nobody would hear of the step again
            outcome = outcome_of(error, request.step, self._store)
        tell(outcome)


KIND = ExecutorKind(InlineSettings, InlineExecutor)

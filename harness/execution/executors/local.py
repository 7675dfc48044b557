"""Steps in worker processes of this machine, which keep their imports from one step to the next."""

import os
import select
import selectors
import shutil
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from harness.cost.resources import Resources
from harness.execution.executors.base import Executor, ExecutorKind, Handle, RunContext, StepEvent
from harness.execution.executors.channel import Channel, Hello, message_adapter
from harness.execution.executors.places import Places, places
from harness.execution.executors.worker_process import WorkerProcess, WorkerSettings, process_descriptor
from harness.execution.request import StepRequest
from harness.frozen_model import FrozenModel

_BLIND_SECONDS = 0.5
_LONGEST_SOCKET_PATH = 100
"""Bytes: 107 on Linux, 103 on macOS (unix(7), sys/un.h)."""


class LocalSettings(FrozenModel):
    """There is nothing to set beyond --workers and --processes."""


class LocalExecutor(Executor):
    """Divides this machine among workers, each of which carries out one step at a time."""

    def __init__(self, settings: LocalSettings, context: RunContext) -> None:
        self._context = context
        self._places: Places | None = None
        self._workers: dict[int, WorkerProcess] = {}
        """Place -> the worker that is there."""
        self._started = 0
        self._heard: list[StepEvent] = []
        self._folder = _socket_folder()
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(self._folder / "socket"))
        self._server.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ, self._accept)
        self._sees_ends = True

    def require(self, resources: Sequence[Resources]) -> None:
        """Divide the machine, by what the largest step takes; start the workers, whose imports take seconds.

        Raises:
            TooFewDevicesError: There are GPUs, but too few, or with too little memory for so many workers.
            AcceleratorError: `DS_ACCELERATOR` names another device than this machine trains on.
        """
        largest = max((one.device_memory for one in resources if one.device_memory), default=None)
        self._places = places(self._context.workers, self._context.processes, largest)
        for place in range(min(len(resources), len(self._places.devices))):
            self._worker(place)

    def capacity(self) -> int:
        """Return how many workers are idle, those that are not started yet among them."""
        return sum(place not in self._workers or self._workers[place].is_free for place in self._known())

    def submit(self, request: StepRequest) -> Handle:
        """Give a step to a worker: to one that is there rather than to a new one."""
        free = [place for place, worker in self._workers.items() if worker.is_free]
        place = free[0] if free else next(place for place in self._known() if place not in self._workers)
        return self._worker(place).submit(request)

    def events(self, seconds: float) -> list[StepEvent]:
        """Return what was heard; waits for the workers' words and for their ends."""
        deadline = time.monotonic() + seconds
        while not self._heard:
            left = deadline - time.monotonic()
            pauses = [worker.pause for worker in self._workers.values() if worker.is_computing]
            limits = [left, *pauses, *([] if self._sees_ends else [_BLIND_SECONDS])]
            for key, _ in self._selector.select(max(0.0, min(limits))):
                key.data()
            self._look()
            if left <= 0:
                break
        heard, self._heard = self._heard, []
        return heard

    def cancel(self, handle: Handle) -> None:
        """Ask the worker of a step to save a resume point and end."""
        for worker in self._workers.values():
            if worker.has(handle.attempt):
                self._heard += worker.cancel()

    def close(self) -> None:
        """End the workers: those that compute at once, the others once all is in the store."""
        for worker in self._workers.values():
            if worker.is_computing:
                worker.kill()
            else:
                worker.stop()
        for worker in self._workers.values():
            worker.await_end()
        self._workers.clear()
        self._selector.close()
        self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _known(self) -> range:
        assert self._places is not None, "`require` comes first"
        return range(len(self._places.devices))

    def _worker(self, place: int) -> WorkerProcess:
        if place not in self._workers:
            assert self._places is not None, "`require` comes first"
            context = self._context
            settings = WorkerSettings(
                socket=self._folder / "socket",
                store=context.roots.store,
                logs=context.folder,
                processes=context.processes,
                threads=self._places.threads,
                stall_seconds=context.stall_seconds,
                stop_seconds=context.stop_seconds,
            )
            worker = WorkerProcess(settings, self._started, self._places.devices[place])
            self._started += 1
            self._workers[place] = worker
            descriptor = process_descriptor(worker.process)
            if descriptor is None:
                self._sees_ends = False
            else:
                self._selector.register(
                    descriptor, selectors.EVENT_READ, lambda: self._selector.unregister(descriptor)
                )
        return self._workers[place]

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        channel = Channel(connection)
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._receive(channel))

    def _receive(self, channel: Channel) -> bool:
        """Take what a process says; say whether the connection is still there."""
        lines = channel.receive()
        if lines is None:
            self._forget(channel)
            return False
        for line in lines:
            message = message_adapter.validate_json(line)
            for worker in self._workers.values():
                if isinstance(message, Hello):
                    if worker.number == message.worker:
                        worker.add_channel(channel, message.rank)
                elif worker.has(message.attempt):
                    self._heard += worker.hear(message)
        return True

    def _forget(self, channel: Channel) -> None:
        for worker in self._workers.values():
            worker.remove_channel(channel)
        self._selector.unregister(channel)
        channel.close()

    def _look(self) -> None:
        for place, worker in list(self._workers.items()):
            if worker.process.poll() is None:
                self._heard += worker.look()
            # Asked again: a worker that was just looked at may have been ended.
            if worker.process.poll() is not None:
                self._read_last_words(worker)
                self._heard += worker.ended()
                del self._workers[place]

    def _read_last_words(self, worker: WorkerProcess) -> None:
        for channel in worker.channels:
            while select.select([channel], [], [], 0)[0] and self._receive(channel):
                pass
        for channel in worker.channels:
            self._forget(channel)


def _socket_folder() -> Path:
    """Make a folder for the socket: in TMPDIR, else in /tmp where that is too long a path for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="xstilts-"))
    if len(os.fsencode(folder / "socket")) <= _LONGEST_SOCKET_PATH:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="xstilts-", dir="/tmp"))


KIND = ExecutorKind(LocalSettings, LocalExecutor)

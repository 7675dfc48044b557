"""The worker: one process (or one for each device) that carries out many steps.

Imports of torch, deepspeed and lm-eval cost seconds; a worker pays them once. Started by
`harness.execution.executors.local`: `python -m harness.execution.worker SOCKET NUMBER STORE SECONDS`, for
several processes below `python -m torch.distributed.run`. While a finished step's files are read for their
checksums and moved into the store, the next one computes.
"""

import gc
import importlib
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from harness.execution.attempt import Attempt, run_check
from harness.execution.events import Event, Failed, Interrupted, Outcome, Released, Started
from harness.execution.executors.channel import CancelOrder, Channel, Hello, RunOrder, Told, order_adapter
from harness.execution.request import StepRequest
from harness.execution.steps.base import StepManifest
from harness.execution.steps.check import CheckStep
from harness.execution.stop import INTERRUPTED, Stop
from harness.store.store import Store

_OF_THE_FIRST_STAGE = ("harness.training.stage", "transformers.modeling_utils", "datasets")
"""What takes seconds to import: done before the first request comes."""


def main() -> None:
    """Carry out steps until told to end, or until the run is gone."""
    channel, number = Channel.connect(Path(sys.argv[1])), int(sys.argv[2])
    rank = int(os.environ.get("RANK", "0"))
    channel.send(Hello(worker=number, rank=rank))
    Worker(channel, rank, Store(Path(sys.argv[3])), float(sys.argv[4])).serve()


class Worker:
    """One process of a worker."""

    def __init__(self, channel: Channel, rank: int, store: Store, stop_seconds: float) -> None:
        self._channel, self._rank, self._ranks, self._store = channel, rank, 1, store
        self._requests: queue.SimpleQueue[StepRequest | None] = queue.SimpleQueue()
        self._attempt = ""
        self._stop = Stop(stop_seconds, self._say_interrupted)
        self._publishing: list[threading.Thread] = []

    def serve(self) -> None:
        """Carry out one request after the other."""
        self._stop.on_signals()
        threading.Thread(target=self._listen, daemon=True, name="orders").start()
        self._import()
        first = True
        while (request := self._requests.get()) is not None:
            self._carry_out(request)
            if first:
                gc.collect()
                gc.freeze()
                first = False
        self._await_publishing()

    def _import(self) -> None:
        """Join the process group and import the libraries: a million objects that stay uncollected."""
        gc.disable()
        from harness.training.distributed import start_process_group

        world = start_process_group()
        self._rank, self._ranks = world.rank, world.size
        for name in _OF_THE_FIRST_STAGE:
            importlib.import_module(name)
        gc.freeze()
        gc.enable()

    def _listen(self) -> None:
        while (lines := self._channel.receive()) is not None:
            for line in lines:
                match order_adapter.validate_json(line):
                    case RunOrder(request=request):
                        self._requests.put(request)
                    case CancelOrder():
                        self._stop.ask()
                    case _:
                        self._requests.put(None)
        # The run is gone, however it ended.
        os._exit(1)

    def _carry_out(self, request: StepRequest) -> None:
        self._attempt = request.attempt
        tell = self._teller(request.attempt)
        tell(Started(host=socket.gethostname(), pid=os.getpid()))
        if isinstance(request.step, CheckStep):
            self._end(request.attempt, run_check(request.step, self._store))
            return
        attempt = Attempt(
            request, self._store, request.data_dir, tell, self._stop.asked, self._rank, self._ranks
        )
        try:
            outcome = attempt.prepare()
            manifest = attempt.compute() if outcome is None else None
        except Exception as error:
            outcome, manifest = attempt.outcome_of(error), None
        if outcome is not None:
            self._end(request.attempt, outcome)
        elif manifest is not None:
            tell(Released())
            self._publish(request.attempt, attempt, manifest)

    def _publish(self, name: str, attempt: Attempt, manifest: StepManifest) -> None:
        thread = threading.Thread(
            target=lambda: self._tell_end(name, attempt.publish(manifest)), name="publish"
        )
        self._publishing = [one for one in self._publishing if one.is_alive()] + [thread]
        thread.start()

    def _end(self, attempt: str, outcome: Outcome) -> None:
        """Tell how a step ended; leave where this process can be of no use to others."""
        lost = isinstance(outcome, Interrupted) or (
            # The other ranks may wait in a collective that this one will never join; and after an error that
            # nobody foresaw, a device may be dead (CUDA's errors stay) or its memory still taken.
            isinstance(outcome, Failed) and (self._ranks > 1 or not outcome.expected)
        )
        self._tell_end(attempt, outcome, lost)
        if lost:
            self._await_publishing()
            os._exit(INTERRUPTED if isinstance(outcome, Interrupted) else 1)

    def _tell_end(self, attempt: str, outcome: Outcome, leaves: bool = False) -> None:
        # An error of any rank counts; all else is the first one's to tell.
        if self._rank == 0 or isinstance(outcome, Failed):
            self._channel.send(Told(attempt=attempt, rank=self._rank, event=outcome, leaves=leaves))

    def _teller(self, attempt: str) -> Callable[[Event], None]:
        def tell(event: Event) -> None:
            if self._rank == 0:
                self._channel.send(Told(attempt=attempt, rank=0, event=event))

        return tell

    def _say_interrupted(self) -> None:
        self._tell_end(self._attempt, Interrupted(), leaves=True)

    def _await_publishing(self) -> None:
        for thread in self._publishing:
            thread.join()


if __name__ == "__main__":
    main()

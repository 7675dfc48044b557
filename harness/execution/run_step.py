"""Carry out one step that a file describes: `python -m harness.execution.run_step FOLDER`.

For executors that start processes elsewhere, such as batch jobs. FOLDER is that of an attempt
(harness.execution.attempt_folder) below the store, which is found from it; environment, devices and
provenance are those of the place where it runs. Where several processes carry a step out together they run
below `torch.distributed.run` (torchrun), or have the variables that it sets, and are given `--distributed`.
Ends with code 0 where the entry is in the store, 75 where the step is to be carried out again (it was
interrupted, or another process is at it), else 1.
"""

import argparse
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from harness.data.location import DataFolders, data_folders
from harness.execution.attempt import run_request
from harness.execution.attempt_folder import AttemptFolder
from harness.execution.environment import drop_launcher_variables
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
    Outcome,
    Started,
)
from harness.execution.request import StepRequest
from harness.execution.stall import Silence
from harness.execution.steps.base import StepProgress
from harness.execution.stop import INTERRUPTED, Stop
from harness.store.layout import store_root
from harness.store.lock import HEARTBEAT_SECONDS
from harness.store.store import Store

_SECONDS_BETWEEN_EVENTS = 1.0
_HUNG = (
    "no step was done for {seconds:.0f} s: another process of the step may be gone or stuck; this one waits "
    "for it in vain; run again to go on from the resume point; --stall-minutes sets the limit"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the step of a folder; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m harness.execution.run_step", description=__doc__)
    parser.add_argument("folder", type=Path, help="Folder of the attempt, below the store.")
    parser.add_argument(
        "--data-dir",
        type=Path,
        action="append",
        default=[],
        help="Folder with local data of this machine, before those of the run.",
    )
    parser.add_argument(
        "--distributed",
        action="store_true",
        help="One of several processes, which torchrun's variables name.",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="The processes that carried this attempt out before have ended.",
    )
    given = parser.parse_args(arguments)
    if not given.distributed:
        drop_launcher_variables()
    return run_folder(AttemptFolder(given.folder.absolute()), data_folders(given.data_dir), again=given.again)


def run_folder(
    attempt: AttemptFolder,
    data_dir: DataFolders,
    *,
    again: bool = False,
    stop: threading.Event | None = None,
) -> int:
    """Carry out the step of an attempt's folder in this process, on its rank; return the exit code.

    Args:
        attempt: The folder.
        data_dir: Folder with local data of this machine.
        again: Whether the processes that carried this attempt out before are known to have ended.
        stop: Set by another thread when the step is to end. None: signals say so.
    """
    rank = int(os.environ.get("RANK", "0"))
    store = Store(store_root(attempt.folder))
    request = StepRequest.read(attempt.request, store.layout.root, data_dir)
    if again:
        request = request.model_copy(update={"lost": (*request.lost, request.attempt)})
    events = _Events(attempt, rank, request.stall_seconds)
    if stop is None:
        signals = Stop(
            request.stop_seconds, lambda: events.end(Interrupted()), lambda: bool(attempt.rank_errors())
        )
        signals.on_signals()
    asked = signals.asked if stop is None else stop.is_set
    events.tell(Started(host=socket.gethostname(), pid=os.getpid()))
    from harness.training.distributed import start_process_group

    world = start_process_group()
    outcome = run_request(request, store, request.data_dir, events.tell, asked, world.rank, world.size)
    events.end(outcome)
    if world.size > 1 and isinstance(outcome, Failed):
        # The other ranks may wait in a collective that this one will never join.
        os._exit(1)
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """Return the code with which a process ends after a step."""
    match outcome:
        case Finished() | Checked():
            return 0
        case Interrupted() | Busy() | Missing() | Lost():
            return INTERRUPTED
        case Failed():
            return 1


class _Events:
    """Writes an attempt's events, not too many of them: a shared file system counts each."""

    def __init__(self, attempt: AttemptFolder, rank: int, stall_seconds: float) -> None:
        self._attempt, self._rank = attempt, rank
        self._silence, self._stall_seconds = Silence(stall_seconds), stall_seconds
        self._told = 0.0
        self._writing, self._ended = threading.Lock(), threading.Event()
        if rank == 0:
            threading.Thread(target=self._beat, daemon=True, name="attempt-heartbeat").start()

    def tell(self, event: Event) -> None:
        """Write an event, but for progress that follows another at once."""
        now = time.monotonic()
        if isinstance(event, StepProgress):
            self._silence.heard(event)
            if now - self._told < _SECONDS_BETWEEN_EVENTS and event.completed < event.total:
                return
            self._told = now
        if self._rank == 0:
            with self._writing:
                self._attempt.append(event)

    def end(self, outcome: Outcome) -> None:
        """Write down how the attempt ended on this rank."""
        self._ended.set()
        if isinstance(outcome, Failed):
            outcome = outcome.model_copy(update={"log": str(self._attempt.log)})
            self._attempt.end_rank(self._rank, outcome)
        elif self._rank == 0:
            self._attempt.end(outcome)

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            self.tell(Heartbeat())
            if self._silence.is_too_long():
                self.end(Failed(error=_HUNG.format(seconds=self._stall_seconds)))
                # The main thread is in the call that does not return.
                os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

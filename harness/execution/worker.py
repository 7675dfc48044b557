"""The worker: one process (or one for each device) that carries out many requests.

Imports of torch, deepspeed and lm-eval cost seconds; a worker pays them once. Started by
`harness.execution.worker_process`: `python -m harness.execution.worker SPOOL RUNNER_PID`, for several
processes below `python -m torch.distributed.run`.
"""

import gc
import os
import sys
import threading
import time
import traceback
from pathlib import Path

import psutil
from pydantic import BaseModel

from harness.errors import UserError
from harness.execution.failure import describe_error
from harness.execution.messages import (
    Checked,
    CheckRequest,
    Failed,
    Finished,
    Remark,
    StepRequest,
    StopRequest,
)
from harness.execution.process import is_alive
from harness.execution.spool import Spool
from harness.execution.steps.base import StepContext
from harness.store.disk import has_space, is_no_space
from harness.store.lock import EntryLock
from harness.store.store import Store

DISK_FULL = 74
"""Exit code of a worker that could not even write down that the disk is full (EX_IOERR of sysexits.h)."""

_WATCH_SECONDS = 0.5


def main() -> None:
    """Run the steps that a spool asks for until told to stop, or until the runner is gone."""
    spool, runner = Spool(Path(sys.argv[1])), int(sys.argv[2])
    _end_with(runner)
    from harness.training.distributed import start_process_group

    world = start_process_group()
    for number, request in enumerate(spool.requests()):
        if isinstance(request, StopRequest):
            return
        try:
            _run_request(request, spool, world.rank)
        except Exception as error:
            _fail(error, request, spool, world.rank)
            if world.size > 1:
                # The other ranks may wait in a collective that this one will never join.
                os._exit(1)
        if number == 0:
            # The libraries are there to stay: a million objects that each stage's collection need not visit.
            gc.collect()
            gc.freeze()


def _fail(error: Exception, request: StepRequest | CheckRequest, spool: Spool, rank: int) -> None:
    """Tell the runner of an error, even where there is no space left to write it down."""
    folder = spool.folder if isinstance(request, CheckRequest) else request.store
    full = is_no_space(error) or not has_space(folder)
    try:
        traceback.print_exc()
        if rank == 0:
            told = describe_error(error, request.memory_advice())
            refused = isinstance(error, UserError)
            spool.report(Failed(error=told, disk_full=full, refused=refused))
    except OSError:
        os._exit(DISK_FULL)


def _run_request(request: StepRequest | CheckRequest, spool: Spool, rank: int) -> None:

    def report(event: BaseModel) -> None:
        if rank == 0:
            spool.report(event)

    if isinstance(request, CheckRequest):
        from harness.training.distributed import world
        from harness.training.preflight import preflight

        report(Checked(warnings=preflight(request.job, world())))
        return
    store, step = Store(request.store), request.step
    context = StepContext(
        store=store,
        data_dir=request.data_dir,
        resume_every=request.resume_every,
        rank=rank,
        report=report,
        remark=lambda text: report(Remark(text=text)),
        stop=lambda: False,
    )
    # A worker whose runner was killed may live for a moment more; don't share its folder.
    lock = store.layout.lock(step.digest)
    with EntryLock(lock.with_name(f"{lock.name}.rank{rank}")):
        manifest = step.run(context)
    if manifest is not None:
        spool.report(Finished(manifest=manifest))


def _end_with(runner: int) -> None:
    """End this process when the runner or the launcher between them ends, however it ends."""
    try:
        started_by = psutil.Process(runner)
    except psutil.NoSuchProcess:
        os._exit(1)
    launcher = os.getppid()

    def watch() -> None:
        while True:
            if not is_alive(started_by) or os.getppid() != launcher:
                os._exit(1)
            time.sleep(_WATCH_SECONDS)

    threading.Thread(target=watch, daemon=True, name="runner-watch").start()


if __name__ == "__main__":
    main()

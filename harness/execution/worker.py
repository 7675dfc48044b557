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

from harness.errors import UserError
from harness.execution.failure import in_words
from harness.execution.messages import (
    Checked,
    CheckRequest,
    Evaluated,
    EvaluateRequest,
    Evaluating,
    Failed,
    ForgettingDone,
    ForgettingRequest,
    Remark,
    Request,
    StopRequest,
    Trained,
    Training,
    TrainRequest,
    WorkRequest,
)
from harness.execution.process import is_alive
from harness.execution.spool import Spool
from harness.store.disk import has_space, is_no_space
from harness.store.lock import EntryLock

DISK_FULL = 74
"""Exit code of a worker that could not even write down that the disk is full (EX_IOERR of sysexits.h)."""

_WATCH_SECONDS = 0.5


def main() -> None:
    """Carry out the requests of a spool until told to stop, or until the runner is gone."""
    spool, runner = Spool(Path(sys.argv[1])), int(sys.argv[2])
    _end_with(runner)
    from harness.training.distributed import start_process_group

    world = start_process_group()
    for number, request in enumerate(spool.requests()):
        if isinstance(request, StopRequest):
            return
        try:
            _carry_out(request, spool, world.rank)
        except Exception as error:
            _fail(error, request, spool, world.rank)
            if world.size > 1:
                # The other ranks may wait in a collective that this one will never join.
                os._exit(1)
        if number == 0:
            # The libraries are there to stay: a million objects that each stage's collection need not visit.
            gc.collect()
            gc.freeze()


def _fail(error: Exception, request: WorkRequest, spool: Spool, rank: int) -> None:
    """Tell the runner of an error, even where there is no space left to write it down."""
    full = is_no_space(error) or not has_space(_written(request, spool))
    try:
        traceback.print_exc()
        if rank == 0:
            refused = isinstance(error, UserError)
            spool.report(Failed(error=in_words(error, request), disk_full=full, refused=refused))
    except OSError:
        os._exit(DISK_FULL)


def _written(request: WorkRequest, spool: Spool) -> Path:
    """Return the folder that a request fills."""
    if isinstance(request, CheckRequest):
        return spool.folder
    return request.job.workdir if isinstance(request, TrainRequest) else request.job.output


def _carry_out(request: Request, spool: Spool, rank: int) -> None:
    if isinstance(request, TrainRequest):
        from harness.training.stage import train_stage

        # A worker whose runner was killed may live for a moment more; don't share its folder.
        with EntryLock(request.locks / f"{request.job.digest}.rank{rank}"):
            result = train_stage(
                request.job,
                lambda progress: spool.report(Training(progress=progress)) if rank == 0 else None,
                remark=lambda text: spool.report(Remark(text=text)) if rank == 0 else None,
                resume_every=request.resume_every,
            )
        if rank == 0:
            spool.report(Trained(result=result))
    elif isinstance(request, EvaluateRequest):
        from harness.evaluation.score import evaluate_checkpoint

        scored = evaluate_checkpoint(
            request.job, lambda progress: spool.report(Evaluating(progress=progress))
        )
        if scored is not None:
            spool.report(Evaluated(result=scored))
    elif isinstance(request, CheckRequest):
        from harness.training.distributed import world
        from harness.training.preflight import preflight

        warnings = preflight(request.job, world())
        if rank == 0:
            spool.report(Checked(warnings=warnings))
    elif isinstance(request, ForgettingRequest):
        from harness.training.forgetting import evaluate_forgetting

        measured = evaluate_forgetting(request.job)
        if rank == 0:
            spool.report(ForgettingDone(result=measured))


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

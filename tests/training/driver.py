"""Trains the stages of a list of jobs in this process: `python driver.py ORDERS.json`, also below torchrun.

Each order: {"job": StageJob, "resume_every": seconds, "kill_after_step": step, "kill_in_save": true}; all but
the job may be absent. Writes the result, or the error, of each beside its workdir.
"""

import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    from harness.errors import XstiltsError
    from harness.training.distributed import start_process_group
    from harness.training.job import StageJob, StageProgress
    from harness.training.stage import train_stage

    world = start_process_group()
    for order in json.loads(Path(sys.argv[1]).read_text()):
        job = StageJob.model_validate(order["job"])
        kill_after = order.get("kill_after_step")
        if order.get("kill_in_save"):
            threading.Thread(target=_kill_in_save, args=(job.workdir / "resume",), daemon=True).start()

        def report(progress: StageProgress, kill_after: int | None = kill_after) -> None:
            if kill_after is not None and progress.step >= kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            result = train_stage(job, report, resume_every=order.get("resume_every", 60.0))
            answer = {
                "result": result.model_dump(mode="json"),
                "engines": _living_engines(),
            }
        except XstiltsError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        if world.rank == 0:
            job.workdir.with_suffix(".answer.json").write_text(json.dumps(answer))


def _kill_in_save(resume: Path) -> None:
    """Kill this process when it has one complete resume point and writes the other."""
    while True:
        complete = [(resume / slot / "complete.json").exists() for slot in "ab"]
        written = [any((resume / slot / "deepspeed").glob("*.pt")) for slot in "ab"]
        if written == [True, True] and complete.count(True) == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def _living_engines() -> int:
    from deepspeed.runtime.engine import DeepSpeedEngine

    gc.collect()
    return sum(issubclass(type(found), DeepSpeedEngine) for found in gc.get_objects())


if __name__ == "__main__":
    main()

"""Trains the stages of a list of jobs in this process: `python driver.py ORDERS.json`, also below torchrun.

Each order: {"job": StageJob, "resume_every": seconds, "kill_after_step": step, "kill_in_save": true,
"infinite_gradient": step}; all but the job may be absent. Writes the result, or the error, of each beside
its workdir. Without a list it takes lines of JSON, `orders` (a file), `environment` and `log`, does each in a
copy of itself, once its libraries are imported, and says with which code that ended.
"""

import gc
import itertools
import json
import math
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


def serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    gc.disable()
    import datasets  # noqa: F401
    import deepspeed  # noqa: F401
    import transformers.modeling_utils
    import transformers.optimization  # noqa: F401

    import harness.training.stage  # noqa: F401

    # A collection in a copy would visit a million objects, and so copy their pages.
    gc.freeze()
    gc.enable()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.environ.clear()
            os.environ.update(order["environment"])
            os._exit(_done(Path(order["orders"])))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _done(orders: Path) -> int:
    try:
        main(orders)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main(orders: Path) -> None:
    from harness.errors import XstiltsError
    from harness.training import stage
    from harness.training.distributed import start_process_group
    from harness.training.job import StageJob, StageProgress

    world = start_process_group()
    for order in json.loads(orders.read_text()):
        job = StageJob.model_validate(order["job"])
        kill_after = order.get("kill_after_step")
        if order.get("kill_in_save"):
            threading.Thread(target=_kill_in_save, args=(job.workdir / "resume",), daemon=True).start()

        load = stage.load_stage_model
        if "infinite_gradient" in order:
            stage.load_stage_model = _with_an_infinite_gradient(load, order["infinite_gradient"])

        def report(progress: StageProgress, kill_after: int | None = kill_after) -> None:
            if kill_after is not None and progress.step >= kill_after:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            result = stage.train_stage(job, report, resume_every=order.get("resume_every", 60.0))
            answer = {
                "result": result.model_dump(mode="json"),
                "engines": _living_engines(),
            }
        except XstiltsError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        finally:
            stage.load_stage_model = load
        if world.rank == 0:
            job.workdir.with_suffix(".answer.json").write_text(json.dumps(answer))


def _with_an_infinite_gradient(load: Callable[..., Any], step: int) -> Callable[..., Any]:
    """Make one gradient infinite in a step, as a product that overflows does; its loss is finite."""

    def loaded(*arguments: Any) -> Any:
        model, passes = load(*arguments), itertools.count(1)
        trained = next(one for one in model.module.parameters() if one.requires_grad and one.ndim > 1)
        trained.register_hook(lambda gradient: gradient * (math.inf if next(passes) == step else 1.0))
        return model

    return loaded


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
    main(Path(sys.argv[1])) if sys.argv[1:] else serve()

"""Kills the process that loads it at a chosen file operation; Python loads it from a folder of PYTHONPATH.

XSTILTS_TEST_FAULT is a JSON object: `pattern` (of the operation's path), `count` (which of the matching
operations), `delay` (seconds from the beginning of that operation to the kill), and `hit` (a file that is
made at the kill).
XSTILTS_TEST_ERROR is the name of a stage that fails in workers by an assertion on a GPU, or as after one.
XSTILTS_TEST_KERNEL is a C++ file that workers compile at their start, as DeepSpeed does with its kernels.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

_OPERATIONS = frozenset({"open", "os.rename", "os.link", "os.mkdir", "os.remove", "shutil.rmtree"})


class _Fault:
    def __init__(self, pattern: str, count: int, delay: float, hit: str) -> None:
        self._pattern, self._left, self._delay, self._hit = re.compile(pattern), count, delay, hit

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event not in _OPERATIONS or self._left < 1:
            return
        # A file that is only read is not of interest.
        if event == "open" and not set(str(arguments[1] or "")) & set("wax+"):
            return
        paths = [path for path in arguments[:2] if isinstance(path, str | os.PathLike)]
        if any(self._pattern.search(os.fspath(path)) for path in paths):
            self._left -= 1
            if self._left == 0:
                self._kill()

    def _kill(self) -> None:
        Path(self._hit).touch()
        if not self._delay:
            os.kill(os.getpid(), signal.SIGKILL)

        def later() -> None:
            time.sleep(self._delay)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=later, daemon=True).start()


IS_WORKER = "harness.execution.worker" in sys.orig_argv and "torch.distributed.run" not in sys.orig_argv

if fault := os.environ.get("XSTILTS_TEST_FAULT"):
    sys.addaudithook(_Fault(**json.loads(fault)))

if IS_WORKER and (failing := os.environ.get("XSTILTS_TEST_ERROR")):
    from harness.execution.steps.train import TrainStep

    def run(step, context, train=TrainStep.run):
        if step.name == failing:
            import torch

            if torch.cuda.is_available():  # the real one, after which the device is dead for this process
                torch.zeros(1, device="cuda")[torch.ones(1, dtype=torch.long, device="cuda")].cpu()
            raise RuntimeError("CUDA error: device-side assert triggered")
        return train(step, context)

    TrainStep.run = run

if IS_WORKER and (source := os.environ.get("XSTILTS_TEST_KERNEL")):
    from torch.utils.cpp_extension import load

    load("own_kernel", [source])

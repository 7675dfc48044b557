"""A run of a hundred tiny stages in one worker: memory, open files and threads after 10 stages and after 80.

Bars: at most 60 MB more (DeepSpeed's ZeRO-3 keeps some megabytes a stage in reference cycles), 4 files and
4 threads.
"""

import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.report import Report
from harness.store.store import Store
from harness.training.manifest import STAGES
from tests.execution.command import processes_of, xstilts
from tests.execution.experiment import make_experiment

STAGES_IN_ALL = 100
MEASURED = ("memory", "MB", "60"), ("files", "", "4"), ("threads", "", "4")


def run(report: Report, repeats: int) -> None:
    for level in ("zero2", "zero3"):
        with tempfile.TemporaryDirectory() as folder:
            _soak(report, level, Path(folder))


def _soak(report: Report, level: str, folder: Path) -> None:
    file = make_experiment(folder, orders="[[]]", seeds=f"[{', '.join(map(str, range(STAGES_IN_ALL)))}]")
    run = xstilts(folder, "--workers", "1", "--limit", "8", "--deepspeed", level, file=file, wait=False)
    store = Store(folder / "store")
    states: dict[str, list[tuple[int, tuple[float, int, int]]]] = {"runner": [], "worker": []}
    while run.poll() is None:
        done = len(store.digests(STAGES))
        for name, pid in (("runner", run.pid), *(("worker", pid) for pid in processes_of(folder / "store"))):
            with suppress(psutil.Error):
                process = psutil.Process(pid)
                states[name].append(
                    (done, (process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()))
                )
        time.sleep(0.1)
    output, _ = run.communicate()
    if run.returncode:
        raise RuntimeError(f"the run failed:\n{output[-3000:]}")
    for name, seen in states.items():
        early = [state for done, state in seen if 10 <= done < 30]
        late = [state for done, state in seen if done >= STAGES_IN_ALL - 20]
        for at, (what, unit, bar) in enumerate(
            (("memory", "MB", "60"), ("files", "", "4"), ("threads", "", "4"))
        ):
            growth = statistics.median(s[at] for s in late) - statistics.median(s[at] for s in early)
            report.note(f"{STAGES_IN_ALL} stages, {level}, {name}: growth of {what}", growth, unit, bar)

"""Processes are seen, and ended with all that they started."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from harness.execution.process import cpu_seconds, descendants, end, is_alive, runs_or_would
from harness.execution.stall import Silence, StallWatch
from harness.execution.steps.base import StepProgress

# A launcher as torch's: its child has a session of its own, and the launcher does not forward signals.
LAUNCHER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(100)
"""


def start(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)


def test_an_end_takes_children_along_that_have_a_session_of_their_own() -> None:
    process = start(LAUNCHER)
    assert process.stdout is not None
    child = psutil.Process(int(process.stdout.readline()))
    assert descendants(process.pid) == [child.pid]
    began = time.monotonic()
    end(process, 0.2)
    assert time.monotonic() - began < 5
    assert process.returncode is not None
    psutil.wait_procs([child], timeout=5)
    assert not is_alive(child)


def test_a_dead_process_that_nobody_has_asked_for_is_not_alive() -> None:
    process = start("pass")
    seen = psutil.Process(process.pid)
    deadline = time.monotonic() + 30
    while is_alive(seen) and time.monotonic() < deadline:
        time.sleep(0.05)
    # It still has its id, and would still take a signal.
    os.kill(process.pid, 0)
    assert not is_alive(seen)
    process.wait()
    assert is_alive(psutil.Process())


@pytest.mark.parametrize(("program", "stalls"), [("time.sleep(100)", True), ("\nwhile True: pass", False)])
def test_only_a_worker_that_neither_reports_nor_computes_is_stalled(program: str, stalls: bool) -> None:
    process = start(f"import time\nprint(1, flush=True)\n{program}")
    assert process.stdout is not None and process.stdout.readline()
    try:
        # The busy one waits for a core where the machine is busy otherwise, which is no stall.
        watch = StallWatch(lambda: cpu_seconds([process.pid]), lambda: runs_or_would([process.pid]), 1.0)
        assert not watch.is_stalled  # from now on it is watched
        deadline = time.monotonic() + (60 if stalls else 4)
        seen = False
        while not seen and time.monotonic() < deadline:
            time.sleep(0.1)
            seen = watch.is_stalled
        assert seen == stalls
    finally:
        end(process, 0.1)


def test_a_report_begins_the_wait_anew() -> None:
    watch = StallWatch(lambda: 0.0, lambda: False, 0.5)
    assert not watch.is_stalled
    time.sleep(0.6)
    watch.active()
    assert not watch.is_stalled
    time.sleep(0.6)
    assert watch.is_stalled


def test_silence_among_steps_is_a_stall_though_the_processor_is_busy_and_none_before_or_after_them() -> None:
    silence = Silence(0.3)
    time.sleep(0.4)
    assert not silence.is_too_long()
    silence.heard(progress(1, 3))
    time.sleep(0.01)
    silence.heard(progress(2, 3))
    assert not silence.is_too_long()
    time.sleep(0.4)
    assert silence.is_too_long()
    silence.heard(progress(3, 3))
    time.sleep(0.4)
    assert not silence.is_too_long()
    slow = Silence(0.01)
    slow.heard(progress(1, 3))
    time.sleep(0.1)
    slow.heard(progress(2, 3))
    time.sleep(0.1)
    assert not slow.is_too_long(), "each step of it takes as long"


def progress(done: int, total: int) -> StepProgress:
    return StepProgress(completed=done, total=total, text="")

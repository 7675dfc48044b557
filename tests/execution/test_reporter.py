import io

import pytest
from rich.console import Console

from harness.execution.reporter import Reporter
from harness.execution.steps.base import StepProgress
from harness.message_text import duration
from harness.training.job import StageProgress


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times_are_in_words(seconds, words):
    assert duration(seconds) == words


def progress(samples, speed):
    return StepProgress.of_stage(
        StageProgress(step=1, steps=2, samples=samples, seconds=1.0, loss=0.5, samples_per_second=speed)
    )


def test_a_file_gets_a_line_for_each_stage_and_no_live_line():
    out = io.StringIO()
    with Reporter(Console(file=out, width=200), works=3, samples=300, items=0) as reporter:
        reporter.reused("a (seed 1)", 100, 0)
        shown = reporter.begin("b (seed 1)")
        shown.on_event(progress(50, 10.0))
        shown.finished(100, 0, 10.0, "loss 0.5")
        reporter.left_out("c (seed 1)", "left out: b (seed 1) failed", 100, 0)
    assert out.getvalue().splitlines() == [
        "  reused  a (seed 1)",
        "[2/3] b (seed 1)",
        "  done    [2/3] b (seed 1): loss 0.5",
        "  FAILED  c (seed 1): left out: b (seed 1) failed",
    ]


def test_a_terminal_shows_speed_loss_and_time_left():
    out = io.StringIO()
    console = Console(file=out, width=160, force_terminal=True)
    with Reporter(console, works=2, samples=200, items=0) as reporter:
        reporter.begin("b (seed 1)").on_event(progress(100, 10.0))
    shown = out.getvalue()
    assert "[1/2] b (seed 1)" in shown and "10.0 samples/s" in shown and "loss 0.500" in shown
    assert "10 s left" in shown

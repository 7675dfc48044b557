"""What a person sees of a run: where it is, how fast, how long still."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from harness.evaluation.job import EvaluationProgress
from harness.execution.messages import Evaluating, Event, Training
from harness.training.job import StageProgress

_LINE_SECONDS = 15.0


class Reporter:
    """Prints a run's progress: a live line on a terminal, now and then a line elsewhere.

    Time left is the remaining work divided by the speed seen so far; training samples and evaluation
    items are counted apart, since a sample costs about three times the computation of an item.
    """

    def __init__(self, console: Console, works: int, samples: int, items: int) -> None:
        self._console = console
        self._works, self._samples, self._items = works, samples, items
        self._sample_seconds, self._item_seconds = _Rate(), _Rate()
        self._number = 0
        self._label = ""
        self._spoken = 0.0
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, label: str, total: int) -> None:
        """Begin a stage or an evaluation."""
        self._number += 1
        self._label = f"[{self._number}/{self._works}] {label}"
        self._spoken = time.monotonic()
        if self._bar is not None:
            self._live.remove_task(self._bar)
        self._bar = self._live.add_task(self._label, total=total, figures="")
        if not self._console.is_terminal:
            self.say(self._label)

    def reused(self, label: str, samples: int, items: int) -> None:
        """Tell that a stage or an evaluation lay in the store; its work is no longer to be done."""
        self._number += 1
        self._samples -= samples
        self._items -= items
        self.say(f"  reused  {label}")

    def finished(self, text: str) -> None:
        """Tell how the begun stage or evaluation ended."""
        self.say(f"  done    {self._label}: {text}")

    def failed(self, label: str, error: str, samples: int, items: int) -> None:
        """Tell that a stage or an evaluation failed; its work is no longer to be done."""
        self._samples -= samples
        self._items -= items
        self.say(f"  FAILED  {label}: {error}")

    def left_out(self, label: str, error: str, samples: int, items: int) -> None:
        """Tell that a stage or an evaluation is left out because one before it failed."""
        self._number += 1
        self.failed(label, error, samples, items)

    def hear(self, event: Event) -> None:
        """Show an event of the worker."""
        if isinstance(event, Training):
            self._training(event.progress)
        elif isinstance(event, Evaluating):
            self._evaluating(event.progress)

    def trained(self, samples: int, seconds: float) -> None:
        """Take a finished stage off what remains."""
        self._samples -= samples
        self._sample_seconds.add(samples, seconds)

    def evaluated(self, items: int, seconds: float) -> None:
        """Take a finished evaluation off what remains."""
        self._items -= items
        self._item_seconds.add(items, seconds)

    def _training(self, progress: StageProgress) -> None:
        left = self._left(self._samples - progress.samples, self._items, progress.samples_per_second, None)
        self._show(
            progress.step,
            f"step {progress.step}/{progress.steps}  {progress.samples_per_second:.1f} samples/s  "
            f"loss {progress.loss:.3f}  {left}",
        )

    def _evaluating(self, progress: EvaluationProgress) -> None:
        left = self._left(self._samples, self._items - progress.done, None, progress.items_per_second)
        self._show(
            progress.done,
            f"item {progress.done}/{progress.total}  {progress.items_per_second:.0f} items/s  {left}",
        )

    def _left(self, samples: int, items: int, samples_now: float | None, items_now: float | None) -> str:
        sample_cost = self._sample_seconds.each(samples_now)
        item_cost = self._item_seconds.each(items_now)
        if item_cost is None and sample_cost is not None:
            item_cost = sample_cost / 3
        if sample_cost is None:
            sample_cost = None if item_cost is None else item_cost * 3
        if sample_cost is None or item_cost is None:
            return ""
        return f"{duration(max(0.0, samples * sample_cost + items * item_cost))} left"

    def _show(self, completed: int, figures: str) -> None:
        if self._bar is not None:
            self._live.update(self._bar, completed=completed, figures=figures)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._spoken >= _LINE_SECONDS:
            self._spoken = now
            self.say(f"          {figures}")


class _Rate:
    """Seconds for each of something, over all seen so far."""

    def __init__(self) -> None:
        self._count, self._seconds = 0, 0.0

    def add(self, count: int, seconds: float) -> None:
        self._count += count
        self._seconds += seconds

    def each(self, per_second_now: float | None) -> float | None:
        if self._count and self._seconds:
            return self._seconds / self._count
        return 1 / per_second_now if per_second_now else None


def duration(seconds: float) -> str:
    """Return a time in words: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

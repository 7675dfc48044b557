"""What a person sees of a run: where it is, how fast, how long still."""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from harness.evaluation.job import EvaluationManifest
from harness.execution.events import Event, Remark
from harness.execution.steps.base import StepManifest, StepProgress
from harness.message_text import duration
from harness.training.job import StageResult
from harness.training.manifest import ForgettingManifest, StageManifest

_LINE_SECONDS = 15.0
_SAMPLE_TO_ITEM = 3


class Reporter:
    """Prints a run's progress: a live line for each worker on a terminal, now and then a line elsewhere.

    Time left is the remaining work divided by the speed seen so far and by the number of workers;
    training samples and evaluation items are counted separately, since a sample costs about three times the
    computation of an item (forward and backward pass against forward pass alone).
    """

    def __init__(self, console: Console, works: int, samples: int, items: int, workers: int = 1) -> None:
        self._console = console
        self._works, self.workers = works, workers
        self._samples, self._items = samples, items
        self._sample_seconds, self._item_seconds = _Rate(), _Rate()
        self._current: list[Shown] = []
        self._number = 0
        self._lock = threading.RLock()
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def begin(self, label: str, *, counts: bool = True) -> "Shown":
        """Begin a step; one that does not count among the plan's gets no number."""
        with self._lock:
            self._number += counts
            numbered = f"[{self._number}/{self._works}] {label}" if counts else label
            shown = Shown(self, numbered, self._live.add_task(numbered, total=None, figures=""))
            self._current.append(shown)
            if not self._console.is_terminal:
                self._say(numbered)
            return shown

    def withdraw(self, shown: "Shown") -> None:
        """Take a step for not begun."""
        with self._lock:
            self._number -= shown.label.startswith("[")
            self._end(shown)

    def end(self, shown: "Shown") -> None:
        """Show a step no longer, of which something else is told."""
        with self._lock:
            self._end(shown)

    def reused(self, label: str, samples: int, items: int, *, there: bool = True) -> None:
        """Tell that a step's entry lay in the store, or is not needed; its work is no longer to be done."""
        with self._lock:
            self._number += 1
            self._take_off(samples, items)
            self._say(
                f"  reused  {label}"
                if there
                else f"  absent  {label}: it is not in the store, but nothing that is missing starts from it"
            )

    def failed(self, label: str, error: str, samples: int, items: int) -> None:
        """Tell that a stage or an evaluation failed; its work is no longer to be done."""
        with self._lock:
            self._take_off(samples, items)
            self._say(f"  FAILED  {label}: {error}")

    def left_out(self, label: str, error: str, samples: int, items: int) -> None:
        """Tell that a stage or an evaluation is left out because one before it failed."""
        with self._lock:
            self._number += 1
            self.failed(label, error, samples, items)

    def requeue(self, samples: int, items: int) -> None:
        """Tell that a stage which was counted as done is to be made again."""
        with self._lock:
            self._works += 1
            self._take_off(-samples, -items)

    def say(self, text: str) -> None:
        """Print a line of its own."""
        with self._lock:
            self._say(text)

    def _take_off(self, samples: int, items: int) -> None:
        self._samples -= samples
        self._items -= items

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _end(self, shown: "Shown") -> None:
        self._current.remove(shown)
        self._live.remove_task(shown.bar)

    def _finish(self, shown: "Shown", samples: int, items: int, seconds: float, text: str) -> None:
        with self._lock:
            self._take_off(samples, items)
            self._sample_seconds.add(samples, seconds if samples else 0.0)
            self._item_seconds.add(items, seconds if items else 0.0)
            self._end(shown)
            self._say(f"  done    {shown.label}: {text}")

    def _show(self, shown: "Shown", progress: StepProgress) -> None:
        with self._lock:
            line = f"{progress.text}  {self._left()}"
            self._live.update(shown.bar, completed=progress.completed, total=progress.total, figures=line)
            now = time.monotonic()
            if not self._console.is_terminal and now - shown.spoken >= _LINE_SECONDS:
                shown.spoken = now
                self._say(
                    f"          {line}" if len(self._current) == 1 else f"          {shown.label}: {line}"
                )

    def _left(self) -> str:
        rates = [shown.speed for shown in self._current if shown.speed]
        sample_cost = self._sample_seconds.each() or next(
            (1 / rate.samples for rate in rates if rate.samples), 0
        )
        item_cost = self._item_seconds.each() or next((1 / rate.items for rate in rates if rate.items), 0)
        sample_cost = sample_cost or item_cost * _SAMPLE_TO_ITEM
        item_cost = item_cost or sample_cost / _SAMPLE_TO_ITEM
        samples = self._samples - sum(shown.samples for shown in self._current)
        items = self._items - sum(shown.items for shown in self._current)
        seconds = (samples * sample_cost + items * item_cost) / self.workers
        return f"{duration(max(0.0, seconds))} left"


@dataclass(frozen=True)
class _Speed:
    samples: float = 0.0
    items: float = 0.0


class Shown:
    """A stage or an evaluation that is going on."""

    def __init__(self, reporter: Reporter, label: str, bar: TaskID) -> None:
        self.label, self.bar = label, bar
        self.samples, self.items = 0, 0
        self.speed: _Speed | None = None
        self.spoken = time.monotonic()
        self._reporter = reporter

    def on_event(self, event: Event) -> None:
        """Show an event of the worker."""
        if isinstance(event, Remark):
            self._reporter.say(f"  note    {self.label}: {event.text}")
        elif isinstance(event, StepProgress):
            self.samples, self.items = event.samples, event.items
            self.speed = _Speed(event.samples_per_second, event.items_per_second)
            self._reporter._show(self, event)

    def finished(self, samples: int, items: int, seconds: float, text: str) -> None:
        """Say that the step is finished, which had so many samples and items and took `seconds`."""
        self._reporter._finish(self, samples, items, seconds, text)


class _Rate:
    """Seconds for each of something, over all seen so far."""

    def __init__(self) -> None:
        self._count, self._seconds = 0, 0.0

    def add(self, count: int, seconds: float) -> None:
        self._count += count
        self._seconds += seconds

    def each(self) -> float:
        return self._seconds / self._count if self._count else 0.0


def summary(manifest: StepManifest) -> str:
    """Return what a person sees of a finished step."""
    match manifest:
        case StageManifest(result=stage):
            return (
                f"loss {stage.final_loss:.3f}, {stage.samples_per_second:.1f} samples/s, "
                f"{duration(stage.seconds)}{_resumed(stage)}{_held_out(stage)}"
            )
        case EvaluationManifest(result=scored):
            scores = ", ".join(f"{score.language} {score.score:.3f}" for score in scored.scores)
            return f"{scores}; {scored.items_per_second:.0f} items/s"
        case ForgettingManifest(result=found):
            return ", ".join(f"{score.task} {score.metric} {score.value:.3f}" for score in found.scores)


def _resumed(stage: StageResult) -> str:
    return f", resumed at step {stage.resumed_from_step}" if stage.resumed_from_step else ""


def _held_out(stage: StageResult) -> str:
    """Return the held-out metrics of a stage's members, as far as there are any."""
    parts = [
        (f"{member.name} " if len(stage.members) > 1 else "")
        + ", ".join(f"{name} {value:.3f}" for name, value in member.held_out.metrics.items())
        for member in stage.members
        if member.held_out is not None
    ]
    return f"; held out: {'; '.join(parts)}" if parts else ""

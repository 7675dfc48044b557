"""The steps of a stage: batches through the engine, losses to the log, resume points in between."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

from harness.errors import StepInterruptedError
from harness.kinds.collator import Collator, Draw
from harness.kinds.model import Head
from harness.training.batches import shares
from harness.training.distributed import World
from harness.training.early_stopping import EarlyStopping
from harness.training.job import StageProgress
from harness.training.monitors import write_to_monitors
from harness.training.resume import ResumePoints, SavedPoint
from harness.training.step_plan import StepPlan
from harness.training.training_log import TrainingLog

# Reading a loss waits for the GPU; on a CPU it costs nothing.
_CUDA_STEPS_BETWEEN_READINGS = 10
_SECONDS_BETWEEN_REPORTS = 0.2


@dataclass(frozen=True)
class _Step:
    number: int
    learning_rate: float
    loss: torch.Tensor


class _Clock:
    """Time and samples of a stage, before and after a resume."""

    def __init__(self, seconds_before: float, samples_before: int) -> None:
        self.samples = samples_before
        self._samples_before = samples_before
        self._seconds_before = seconds_before
        self._started = time.monotonic()
        self._reported = -_SECONDS_BETWEEN_REPORTS

    @property
    def seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    @property
    def speed(self) -> float:
        """Samples per second in this process."""
        return (self.samples - self._samples_before) / max(time.monotonic() - self._started, 1e-9)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out the time of what is no training."""
        paused = time.monotonic()
        yield
        self._started += time.monotonic() - paused

    @property
    def report_due(self) -> bool:
        """Whether the last report is long enough ago; then it is taken to be made now."""
        now = time.monotonic()
        if now - self._reported < _SECONDS_BETWEEN_REPORTS:
            return False
        self._reported = now
        return True


@dataclass(frozen=True)
class TaskBatches:
    """How batches of one task are made and judged.

    Attributes:
        head: The loss.
        collator: Batches of the task's rows.
        chosen: `[rows of the plan]` which of the rows the plan's indices mean.
    """

    head: Head[Any]
    collator: Collator
    chosen: npt.NDArray[np.int64]


Forward = Callable[[int, dict[str, torch.Tensor]], tuple[Any, torch.Tensor | float]]
"""Number of the task and the model's inputs -> the model's output, and a zero to be added to the loss."""


@dataclass(frozen=True)
class Steps:
    """Everything that the steps of a stage need.

    Attributes:
        engine: DeepSpeed's engine.
        forward: A forward pass of the engine.
        tasks: The tasks by the numbers of the plan.
        plan: The batches.
        accumulation: Forward passes per step on each process.
        world: This process's place.
        log: The training log.
        points: The resume points.
        report: Called on rank 0, a few times a second.
        stop: Tells whether to save a resume point and end.
        label_smoothing: Share of the target that is spread over all labels.
        early: What may end the steps before the plan does.
    """

    engine: Any
    forward: Forward
    tasks: tuple[TaskBatches, ...]
    plan: StepPlan
    accumulation: int
    world: World
    log: TrainingLog
    points: ResumePoints
    report: Callable[[StageProgress], None]
    stop: Callable[[], bool]
    label_smoothing: float = 0.0
    early: EarlyStopping | None = None

    def run(self, point: SavedPoint | None) -> tuple[int, float]:
        """Train from a resume point, or from the start, to the end; return all steps and seconds so far.

        Raises:
            DivergedError: a loss is not finite.
            StepInterruptedError: `stop` said so; a resume point is saved.
        """
        done = point.step if point else 0
        clock = _Clock(point.seconds if point else 0.0, self.plan.totals(done)[0])
        # A monitor wants each step's values before the next one's.
        watched = self.engine.monitor.enabled
        between = 1 if watched or self.world.device.type == "cpu" else _CUDA_STEPS_BETWEEN_READINGS
        unread: list[_Step] = []
        for number, (task, batch) in enumerate(self.plan.from_step(done), done + 1):
            unread.append(self._step(number, task, batch))
            clock.samples += len(batch)
            last = number == self.plan.steps
            evaluates = self.early is not None and self.early.due(number, self.plan.steps)
            if number % between and not last and not evaluates:
                continue
            losses, save, stop = self._read(unread)
            for step, loss in zip(unread, losses, strict=True):
                self.log.add(step.number, loss, step.learning_rate, clock.speed)
                if watched:
                    write_to_monitors(self.engine, step.number, loss, clock.speed)
            unread = []
            if self.world.rank == 0 and (clock.report_due or last):
                self.report(self._progress(number, losses[-1], clock))
            if self.early is not None and evaluates:
                with clock.paused():
                    last |= self.early.ends_after(number)
            if (save or stop) and not last:
                so_far = self.early.so_far if self.early else None
                self.points.save(self.engine, number, clock.seconds, self.log.pending, so_far)
                if stop:
                    raise StepInterruptedError(number)
            if last:
                break
        self.log.close()
        return number, clock.seconds

    def _progress(self, step: int, loss: float, clock: _Clock) -> StageProgress:
        return StageProgress(
            step=step,
            steps=self.plan.steps,
            samples=clock.samples,
            seconds=clock.seconds,
            loss=loss,
            samples_per_second=clock.speed,
        )

    def _step(self, number: int, task: int, batch: npt.NDArray[np.int64]) -> _Step:
        """Do one optimizer step; the gradient is that of the mean loss over the batch's predictions."""
        # The engine divides by accumulation and averages over ranks, which would weight micro-batches alike
        # where a last batch splits unevenly.
        passes = self.world.size * self.accumulation
        total = torch.zeros((), device=self.world.device)
        learning_rate = float(self.engine.get_lr()[0])
        head, collator = self.tasks[task].head, self.tasks[task].collator
        rows = self.tasks[task].chosen[batch]
        denominator = collator.loss_denominator(rows)
        draw = Draw(self.plan.seed, number)
        smoothed = {"smoothing": self.label_smoothing} if self.label_smoothing else {}
        for share in shares(rows, self.world.rank, self.world.size, self.accumulation):
            inputs = collator.tensors(share, self.world.device, draw)
            labels = inputs.pop("labels")
            output, zero = self.forward(task, inputs)
            loss = head.loss_sum(output, labels, inputs["attention_mask"], **smoothed) / denominator + zero
            self.engine.backward(loss * passes)
            self.engine.step()
            total += loss.detach()
        self._require_update(number)
        return _Step(number, learning_rate, total)

    def _require_update(self, number: int) -> None:
        """Refuse that DeepSpeed leaves out a step, and its place in the schedule, without a word.

        It does so where a gradient is not finite, but for levels 1 and 2 in bf16 and level 0 in fp32, whose
        weights become NaN. In fp16 that is how the loss scale is found; the engine counts those steps.
        """
        if self.engine.skipped_steps and not self.engine.fp16_enabled():
            raise self.log.diverged("a gradient became infinite or NaN", number)

    def _read(self, steps: list[_Step]) -> tuple[list[float], bool, bool]:
        """Return the steps' mean losses over all ranks, whether a resume point is due, and whether to end.

        Rank 0's clock says when a point is due; a signal to end may reach any rank alone.
        """
        due, stop = self.points.due, self.stop()
        if self.world.size == 1:
            return torch.stack([step.loss for step in steps]).tolist(), due, stop
        wishes = [float(due and self.world.rank == 0), float(stop)]
        told = torch.tensor(wishes, device=self.world.device)
        values = torch.stack([*(step.loss for step in steps), *told])
        dist.all_reduce(values)
        *losses, save, end = values.tolist()
        return losses, save > 0, end > 0

"""`training_log.jsonl`: loss, learning rate and speed over the steps of a stage."""

import json
import math
from pathlib import Path

from harness.errors import RunError
from harness.training.job import LossPoint

FILE = "training_log.jsonl"
_POINTS = 100


class DivergedError(RunError):
    """The loss is no longer a finite number."""


class TrainingLog:
    """The log of a stage: at most about 100 lines, each the mean over the steps since the line before."""

    def __init__(
        self, workdir: Path | None, steps: int, task: str, learning_rate: float, after_step: int
    ) -> None:
        """Open the log; lines after step `after_step` are dropped, since those steps are done again.

        Args:
            workdir: The stage's folder, or None to write nothing (on ranks other than 0).
            steps: Steps of the stage.
            task: Name of the task, for messages.
            learning_rate: Peak learning rate, for messages.
            after_step: Steps that a resume point already covers; 0 starts from the beginning.
        """
        self._path = workdir / FILE if workdir else None
        self._steps = steps
        self._interval = math.ceil(steps / _POINTS)
        self._task = task
        self._learning_rate = learning_rate
        self._pending: list[float] = []
        self._last = (after_step, 0.0, 0.0)
        self._curve = _shorten(self._path, after_step) if self._path else []

    @property
    def pending(self) -> list[float]:
        """Losses of the steps since the last line; part of a resume point."""
        return list(self._pending)

    @property
    def curve(self) -> tuple[LossPoint, ...]:
        """The lines' losses."""
        return tuple(self._curve)

    def restore(self, pending: list[float]) -> None:
        """Take back the losses of a resume point."""
        self._pending = list(pending)

    def diverged(self, what: str, step: int) -> DivergedError:
        """Return the error that says what ended the stage at which step."""
        return DivergedError(
            f"task {self._task}: {what} at step {step} of {self._steps} "
            f"(training.learning_rate {self._learning_rate:g}). Lower the learning rate, raise "
            "training.warmup_ratio, or use precision fp32 or bf16."
        )

    def add(self, step: int, loss: float, learning_rate: float, samples_per_second: float) -> None:
        """Note the loss of the step that is the `step`-th.

        Raises:
            DivergedError: the loss is not finite.
        """
        if not math.isfinite(loss):
            raise self.diverged(f"the loss became {loss}", step)
        self._pending.append(loss)
        self._last = (step, learning_rate, samples_per_second)
        if step % self._interval == 0 or step == self._steps:
            self.close()

    def close(self) -> None:
        """Write a line for the steps since the last one, where there are any."""
        if not self._pending:
            return
        step, learning_rate, samples_per_second = self._last
        mean = math.fsum(self._pending) / len(self._pending)
        self._pending = []
        self._curve.append(LossPoint(step=step, loss=mean))
        if self._path is None:
            return
        line = {"step": step, "loss": mean, "learning_rate": learning_rate}
        with self._path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line | {"samples_per_second": round(samples_per_second, 3)}) + "\n")


def _shorten(path: Path, after_step: int) -> list[LossPoint]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if _step_of(line) <= after_step]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return [LossPoint(step=json.loads(line)["step"], loss=json.loads(line)["loss"]) for line in kept]


def _step_of(line: str) -> float:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf  # the process was killed while it wrote the line

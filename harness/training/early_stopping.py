"""A stage that ends when its held-out rows no longer gain by it, and keeps the weights that did best on them.

As transformers' EarlyStoppingCallback together with load_best_model_at_end
(https://huggingface.co/docs/transformers/main_classes/callback): a value counts as better where it beats the
best so far by more than the threshold; the weights are those of the best value, the first of equal ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.config import hyperparameters
from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.message_text import names_in_short
from harness.metrics.base import Metric
from harness.training.job import EarlyStop, HeldOutPoint, HeldOutScore


class UnknownMetricError(UserError):
    """A stage is to be stopped by a metric that does not judge its task."""


class EvaluationsSoFar(FrozenModel):
    """What of early stopping a resume point holds.

    Attributes:
        misses: Evaluations since the last that counted as better.
    """

    points: tuple[HeldOutPoint, ...] = ()
    best: HeldOutScore | None = None
    best_step: int = 0
    misses: int = 0


@dataclass
class EarlyStopping:
    """Evaluates a stage as it is trained.

    Attributes:
        settings: When to evaluate, and what ends the stage.
        metrics: What judges its task; the first stands for it.
        evaluate: Returns the metrics of the weights as they are; called on every rank.
        keep: Saves the weights as they are; called on every rank.
        so_far: The evaluations that were made.
    """

    settings: hyperparameters.EarlyStopping
    metrics: tuple[Metric, ...]
    evaluate: Callable[[], HeldOutScore]
    keep: Callable[[], None]
    so_far: EvaluationsSoFar = field(default_factory=EvaluationsSoFar)

    def __post_init__(self) -> None:
        """Find the metric.

        Raises:
            UnknownMetricError: there is none of the name.
        """
        by_name = {metric.name: metric for metric in self.metrics}
        name = self.settings.metric or next(iter(by_name))
        if name not in by_name:
            raise UnknownMetricError(
                f"training.early_stopping.metric: {name} does not judge the task; name one of "
                f"{names_in_short(list(by_name))}"
            )
        self._metric = by_name[name]

    def due(self, step: int, last: int) -> bool:
        """Return whether to evaluate after a step."""
        return step % self.settings.every == 0 or step == last

    def ends_after(self, step: int) -> bool:
        """Evaluate after a step, keep its weights where none were better, and return whether to end."""
        score, before = self.evaluate(), self.so_far
        value, misses = score.metrics[self._metric.name], before.misses + 1
        gain = float("inf") if before.best is None else self._gain(value, before.best)
        if gain > self.settings.threshold:
            misses = 0
        if gain > 0:
            self.keep()
        self.so_far = EvaluationsSoFar(
            points=(*before.points, HeldOutPoint(step=step, value=value)),
            best=score if gain > 0 else before.best,
            best_step=step if gain > 0 else before.best_step,
            misses=misses,
        )
        return misses >= self.settings.patience

    def _gain(self, value: float, best: HeldOutScore) -> float:
        difference = value - best.metrics[self._metric.name]
        return difference if self._metric.higher_is_better else -difference

    def outcome(self, steps: int) -> EarlyStop:
        """Return how the stage went, of which `steps` were planned."""
        so_far = self.so_far
        return EarlyStop(
            metric=self._metric.name,
            best_step=so_far.best_step,
            stopped_at=so_far.points[-1].step,
            planned_steps=steps,
            points=so_far.points,
        )

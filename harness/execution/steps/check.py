"""The step that looks at a plan's model before anything is trained; it leaves no entry."""

from collections.abc import Callable
from typing import Literal, Self

from harness.execution.steps.base import BaseStep
from harness.training.preflight_job import PreflightJob


class CheckStep(BaseStep):
    """Refuse what no stage of a plan could be trained with."""

    kind: Literal["check"] = "check"
    job: PreflightJob

    def check(self) -> tuple[str, ...]:
        """Return what a user should know, a sentence each; on every rank.

        Raises:
            UserError: something would fail in a stage.
        """
        from harness.training.distributed import on_first_rank, start_process_group
        from harness.training.preflight import preflight

        world = start_process_group()
        on_first_rank(self.model.local)
        return preflight(self.job.model_copy(update={"model": self.model.local()}), world)

    def moved(self, change: Callable[[str], str]) -> Self:
        """Return the step with other paths."""
        step = super().moved(change)
        return step.model_copy(update={"job": step.job.model_copy(update={"model": step.model})})

    def memory_advice(self) -> str:
        """Return what to do where memory ran out."""
        return "out of memory: close other programs, or take a smaller model"

"""The step that evaluates a finished stage for forgetting."""

from typing import Literal

from harness.execution.steps.base import Step, StepContext
from harness.training.forgetting_job import EvaluatedHead, ForgettingJob
from harness.training.manifest import ForgettingManifest


class ForgettingStep(Step):
    """Evaluate a finished stage's encoder on the tasks of the stages up to it.

    Attributes:
        stage: Digest of the stage.
    """

    kind: Literal["forgetting"] = "forgetting"
    stage: str
    heads: tuple[EvaluatedHead, ...]

    def run(self, context: StepContext) -> ForgettingManifest | None:
        """Score each task; leave no files."""
        from harness.training.forgetting import evaluate_forgetting

        job = ForgettingJob(
            encoder=context.encoder(self.model, self.stage),
            heads=self.heads,
            folders=tuple(context.model_folder(head.stage) for head in self.heads),
            data_dir=context.data_dir,
        )
        result = evaluate_forgetting(job)
        return None if context.rank else ForgettingManifest(**self._made(), stage=self.stage, result=result)

    def memory_advice(self) -> str:
        """Return the setting of the tasks' own batches."""
        tasks = ", ".join(dict.fromkeys(head.task.name for head in self.heads))
        return f"out of memory: lower training.batch_size, under training.per_task of one of {tasks}"

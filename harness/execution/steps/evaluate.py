"""The step that scores a finished stage."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

from harness.config.hyperparameters import Precision
from harness.data.record import DataRecord
from harness.errors import StepInterruptedError
from harness.evaluation.job import EvaluationJob, EvaluationManifest, EvaluationProgress
from harness.execution.steps.base import Step, StepContext, StepProgress
from harness.models.references import ModelRef


class EvaluateStep(Step):
    """Score a finished stage on evaluation tasks.

    Attributes:
        stage: Digest of the stage, or what stands for the pretrained model where it has no dependency.
        has_head: Whether the stage trained the tasks' head; else its encoder is scored as it is.
        data: Evaluation task -> the rows that it scores.
        task_folders: Further folders of task files.
    """

    kind: Literal["evaluate"] = "evaluate"
    stage: str
    has_head: bool = True
    split: str
    limit: int | None
    batch_size: int
    precision: Precision
    data: dict[str, DataRecord]
    task_folders: tuple[Path, ...] = ()

    def run(self, context: StepContext) -> EvaluationManifest | None:
        """Score the checkpoint; leave results and predictions."""
        from harness.evaluation.score import evaluate_checkpoint

        job = EvaluationJob(
            checkpoint=self._checkpoint(context),
            tasks=tuple(self.data),
            split=self.split,
            limit=self.limit,
            batch_size=self.batch_size,
            precision=self.precision,
            data_dir=context.data_dir,
            task_folders=self.task_folders,
            output=context.store.workdir(self.digest),
        )

        def report(progress: EvaluationProgress) -> None:
            context.report(StepProgress.of_evaluation(progress))
            if context.stop():
                raise StepInterruptedError

        result = evaluate_checkpoint(job, report)
        if result is None:
            return None
        return EvaluationManifest(
            **self._made(),
            stage=self.stage,
            split=self.split,
            limit=self.limit,
            precision=self.precision,
            batch_size=self.batch_size,
            data=self.data,
            result=result,
        )

    def moved(self, change: Callable[[str], str]) -> Self:
        """Return the step with other paths."""
        folders = tuple(Path(change(str(folder))) for folder in self.task_folders)
        return super().moved(change).model_copy(update={"task_folders": folders})

    def _checkpoint(self, context: StepContext) -> ModelRef:
        if self.has_head:
            return self.model.beside(context.model_folder(self.stage))
        return context.encoder(self.model, self.stage if self.dependencies else None)

    def memory_advice(self) -> str:
        """Return the setting of evaluation."""
        return f"out of memory: lower evaluation.batch_size (now {self.batch_size})"

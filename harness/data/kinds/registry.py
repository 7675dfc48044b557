"""The kinds of training task by name."""

from harness.config.training_task import (
    ClassificationTask,
    MultipleChoiceTask,
    SpanExtractionTask,
    TaggingTask,
    TrainingTask,
)
from harness.data.kinds import classification, masked_lm, multiple_choice, span_extraction, tagging
from harness.data.kinds.examples import Examples
from harness.data.sources.columns import SourceColumns


def needed_columns(task: TrainingTask) -> tuple[str, ...]:
    """Return the columns of a source that a task reads."""
    match task:
        case ClassificationTask():
            return classification.needed(task)
        case MultipleChoiceTask():
            return multiple_choice.needed(task)
        case SpanExtractionTask():
            return span_extraction.needed(task)
        case TaggingTask():
            return tagging.needed(task)
    return masked_lm.needed(task)


def make_examples(task: TrainingTask, source: SourceColumns, trained: tuple[str, ...] = ()) -> Examples:
    """Return the rows that a task makes of a source.

    Args:
        task: The task.
        source: Its columns.
        trained: Labels that a model was trained on, for held-out rows.

    Raises:
        UserError: a row is not what the kind needs.
    """
    match task:
        case ClassificationTask():
            return classification.examples(task, source)
        case MultipleChoiceTask():
            return multiple_choice.examples(task, source)
        case SpanExtractionTask():
            return span_extraction.examples(task, source)
        case TaggingTask():
            return tagging.examples(task, source, trained)
    return masked_lm.examples(task, source)

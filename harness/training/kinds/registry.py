"""The kinds of training task by name."""

from typing import Any

import pyarrow as pa

from harness.config.text_format import TextFormat
from harness.config.training_task import (
    ClassificationTask,
    MultipleChoiceTask,
    SpanExtractionTask,
    TaggingTask,
    TrainingTask,
)
from harness.data.rows import TrainingRows
from harness.training.kinds import (
    classification,
    masked_lm,
    multiple_choice,
    span_extraction,
    tagging,
    text_to_text,
)
from harness.training.kinds.batch_maker import BatchMaker
from harness.training.token_rows import TokenisedRows


def encode(
    task: TrainingTask,
    rows: TrainingRows,
    tokenizer: Any,
    max_length: int,
    text_format: TextFormat | None = None,
) -> pa.Table:
    """Return a task's rows as token ids and labels, or with a text format as inputs and answers.

    Raises:
        UserError: tokenizer or `max_length` do not do for the kind.
    """
    if text_format is not None:
        return text_to_text.encode(rows, text_format, tokenizer, max_length)
    match task:
        case ClassificationTask():
            return classification.encode(rows, tokenizer, max_length)
        case MultipleChoiceTask():
            return multiple_choice.encode(rows, tokenizer, max_length)
        case SpanExtractionTask():
            return span_extraction.encode(rows, tokenizer, max_length, task.doc_stride)
        case TaggingTask():
            return tagging.encode(rows, tokenizer, max_length)
    return masked_lm.encode(rows, tokenizer, max_length)


def batch_maker(task: TrainingTask, tokens: TokenisedRows) -> BatchMaker:
    """Return what makes batches of a task's token ids."""
    if tokens.target_starts is not None:
        return text_to_text.Targets(tokens)
    match task:
        case ClassificationTask():
            return classification.SingleLabels(tokens)
        case MultipleChoiceTask():
            return multiple_choice.Choices(tokens)
        case SpanExtractionTask():
            return span_extraction.Spans(tokens)
        case TaggingTask():
            return tagging.Tags(tokens)
    return masked_lm.MaskedTokens(tokens, task.mask_probability)

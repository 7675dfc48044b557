"""Rows of classification: one text or two, and the id of their label."""

from collections.abc import Sequence

from harness.config.training_task import ClassificationTask
from harness.data.examples import classification_dataset, input_texts
from harness.data.kinds.examples import Examples
from harness.data.labels import UNLABELLED, label_ids, require_labelled
from harness.data.sources.columns import SourceColumns

_REMEDY = "use the labelled release, or, to train on the others, set 'drop_unlabelled: true' in the task file"


def needed(task: ClassificationTask) -> tuple[str, ...]:
    """Return the source's columns that the task reads; the label is the last."""
    return (*task.inputs, task.label)


def examples(task: ClassificationTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b (null for single texts), label (int64).

    Raises:
        UserError: a text is no text, a label is unknown or missing.
    """
    ids: Sequence[int] = label_ids(source, task.label, task.labels, task.label_values)
    text_a, text_b = input_texts(source, task.inputs)
    if task.drop_unlabelled:
        kept = [row for row, label in enumerate(ids) if label != UNLABELLED]
        ids = [ids[row] for row in kept]
        text_a = [text_a[row] for row in kept]
        text_b = [text_b[row] for row in kept] if text_b is not None else None
    require_labelled(source, task.label, ids, _REMEDY)
    return Examples(classification_dataset(text_a, text_b, ids), task.labels)

"""Rows of classification: one text or two, and the id of their label."""

from collections.abc import Sequence

from harness.kinds.classification.dataset import classification_dataset
from harness.kinds.classification.task import ClassificationTask
from harness.kinds.columns import SourceColumns, counted
from harness.kinds.examples import Examples
from harness.kinds.input_texts import input_texts, placeholders
from harness.kinds.labels import UNLABELLED, label_ids, require_labelled

_REMEDY = "use the labeled release, or, to train on the others, set 'drop_unlabelled: true' in the task file"


def examples(task: ClassificationTask, source: SourceColumns) -> Examples:
    """Return the rows: text_a, text_b (null for single texts), label (int64).

    Raises:
        UserError: a text is no text, a label is unknown or missing.
    """
    ids: Sequence[int] = label_ids(source, task.label, task.labels, task.label_values)
    text_a, text_b = input_texts(source, task.inputs)
    unlabeled = 0
    if task.drop_unlabelled:
        kept = [row for row, label in enumerate(ids) if label != UNLABELLED]
        unlabeled = len(ids) - len(kept)
        ids = [ids[row] for row in kept]
        text_a = [text_a[row] for row in kept]
        text_b = [text_b[row] for row in kept] if text_b is not None else None
    require_labelled(source, task.label, ids, _REMEDY)
    counts = counted(unlabeled, "rows without a label, left out")
    counts += placeholders(text_a, text_b)
    return Examples(classification_dataset(text_a, text_b, ids), task.labels, counted=counts)

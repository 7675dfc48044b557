"""Classification: one sequence for each text or pair, one label."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from torch import Tensor

from harness.kinds.classification.task import ClassificationTask
from harness.kinds.collator import Collator, RowTargets
from harness.kinds.encoded import text_features
from harness.kinds.model import EncoderModel, Head, label_settings, row_loss_sum
from harness.kinds.token_rows import TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset


class ClassificationModel(EncoderModel[ClassificationTask]):
    """A score for each label."""

    head = Head(
        "AutoModelForSequenceClassification",
        "classifier",
        lambda task: label_settings(task) | {"problem_type": "single_label_classification"},
        row_loss_sum,
        smooths=True,
    )

    def features(
        self,
        task: ClassificationTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return input_ids, perhaps token_type_ids, and label."""
        return text_features(dataset, tokenizer, max_length, {"label": pa.int64()})

    def collator(self, task: ClassificationTask, tokens: TokenizedRows) -> Collator:
        """Return batches with one label for each row."""
        return RowTargets(tokens)

    def outputs(self, task: ClassificationTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the label of the highest score."""
        yield from output.logits[:rows].argmax(-1).tolist()

    def predictions(
        self, task: ClassificationTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the labels' names."""
        return [task.labels[label] for label in kept]


MODEL = ClassificationModel()

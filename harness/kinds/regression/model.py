"""Regression: one sequence for each text or pair, one number, mean squared error."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from torch import Tensor

from harness.kinds.collator import Collator, RowTargets
from harness.kinds.encoded import text_features
from harness.kinds.model import EncoderModel, Head
from harness.kinds.regression.task import RegressionTask
from harness.kinds.token_rows import TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset


def _squared_error_sum(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    counted = ~labels.isnan()
    errors: Tensor = output.logits.squeeze(-1)[counted].float() - labels[counted]
    return errors.square().sum()


class RegressionModel(EncoderModel[RegressionTask]):
    """One output, trained on the numbers as they are, as in transformers' GLUE example."""

    head = Head(
        "AutoModelForSequenceClassification",
        "regressor",
        lambda task: {"num_labels": 1, "problem_type": "regression"},
        _squared_error_sum,
    )

    def features(
        self,
        task: RegressionTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return input_ids, perhaps token_type_ids, and label (float32)."""
        return text_features(dataset, tokenizer, max_length, {"label": pa.float32()})

    def collator(self, task: RegressionTask, tokens: TokenizedRows) -> Collator:
        """Return batches with one number for each row."""
        return RowTargets(tokens)

    def outputs(self, task: RegressionTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the number."""
        yield from output.logits[:rows].squeeze(-1).float().tolist()

    def predictions(
        self, task: RegressionTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the numbers."""
        return list(kept)


MODEL = RegressionModel()

"""What trains and predicts: a score for each grade, the expected one rounded."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import torch

from harness.kinds.collator import Collator, RowTargets
from harness.kinds.encoded import text_features
from harness.kinds.model import EncoderModel, Head, label_settings, row_loss_sum
from harness.kinds.token_rows import TokenizedRows
from xstilts_ordinal.kind import OrdinalTask

if TYPE_CHECKING:
    from datasets import Dataset


class OrdinalModel(EncoderModel[OrdinalTask]):
    """A classifier's head, read as a distribution over grades."""

    head = Head("AutoModelForSequenceClassification", "grader", label_settings, row_loss_sum)

    def features(
        self,
        task: OrdinalTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return input_ids, perhaps token_type_ids, and label."""
        return text_features(dataset, tokenizer, max_length, {"label": pa.int64()})

    def collator(self, task: OrdinalTask, tokens: TokenizedRows) -> Collator:
        """Return batches with one grade for each row."""
        return RowTargets(tokens)

    def outputs(self, task: OrdinalTask, output: Any, labels: torch.Tensor, rows: int) -> Iterator[Any]:
        """Yield the expected grade."""
        grades = torch.arange(task.highest + 1, dtype=torch.float32, device=output.logits.device)
        expected = output.logits[:rows].float().softmax(dim=-1) @ grades
        yield from expected.round().int().tolist()

    def predictions(
        self, task: OrdinalTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the grades."""
        return list(kept)


MODEL = OrdinalModel()

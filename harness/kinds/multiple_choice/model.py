"""Multiple choice: one sequence for each candidate, what is asked and the candidate as a pair."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import CHUNK, Encoded, common_facts, segment_columns
from harness.kinds.model import EncoderModel, Head, no_settings, row_loss_sum
from harness.kinds.multiple_choice.task import MultipleChoiceTask
from harness.kinds.token_rows import TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset


class Choices(Collator):
    """Batches of questions; a row holds all of its candidates."""

    @property
    def lengths(self) -> Rows:
        """`[rows]` tokens of each question's candidates together."""
        together: Rows = self.tokens.lengths.reshape(-1, self.tokens.facts["choices"]).sum(axis=1)
        return together

    @property
    def examples(self) -> Rows:
        """`[rows]` the rows of the data."""
        return self.tokens.examples[:: self.tokens.facts["choices"]]

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, candidates, width]` and labels `[rows]`."""
        count = self.tokens.facts["choices"]
        padded = self.tokens.padded((rows[:, None] * count + np.arange(count)).reshape(-1))
        shaped = {name: array.reshape(len(rows), count, -1) for name, array in padded.items()}
        return shaped | {"labels": self.tokens.targets["label"].values[rows * count]}


class MultipleChoiceModel(EncoderModel[MultipleChoiceTask]):
    """A score for each candidate."""

    head = Head("AutoModelForMultipleChoice", "choice_scorer", no_settings, row_loss_sum)

    def features(
        self,
        task: MultipleChoiceTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return one entry for each candidate, those of a question together; the longer text is cut first."""
        count = len(dataset[0]["choices"])
        types = {"label": pa.int64(), "example": pa.int64()}
        encoded = Encoded(common_facts(tokenizer, max_length) | {"choices": count}, types)
        columns = segment_columns(tokenizer)
        for start in range(0, len(dataset), CHUNK):
            part = dataset[start : start + CHUNK]
            found = tokenizer(
                [text for text in part["text_a"] for _ in range(count)],
                [choice for choices in part["choices"] for choice in choices],
                truncation="longest_first",
                max_length=max_length,
                return_attention_mask=False,
            )
            label = np.repeat(part["label"], count)
            example = start + np.repeat(np.arange(len(part["label"])), count)
            encoded.add(**{name: found[name] for name in columns}, label=label, example=example)
        return encoded.table()

    def collator(self, task: MultipleChoiceTask, tokens: TokenizedRows) -> Collator:
        """Return batches of questions."""
        return Choices(tokens)

    def outputs(self, task: MultipleChoiceTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the candidate of the highest score."""
        yield from output.logits[:rows].argmax(-1).tolist()

    def predictions(
        self, task: MultipleChoiceTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the candidates' numbers."""
        return list(kept)


MODEL = MultipleChoiceModel()

"""Multiple choice: one sequence for each candidate, what is asked and the candidate as a pair."""

from typing import Any

import numpy as np
import pyarrow as pa

from harness.data.rows import TrainingRows
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows, segment_columns
from harness.training.kinds.encoded import CHUNK, Encoded, common_facts


def encode(rows: TrainingRows, tokenizer: Any, max_length: int) -> pa.Table:
    """Return one entry for each candidate, those of a question together; the longer text is cut first."""
    count = len(rows.dataset[0]["choices"])
    encoded = Encoded(common_facts(tokenizer, max_length) | {"choices": count})
    columns = segment_columns(tokenizer)
    for start in range(0, len(rows.dataset), CHUNK):
        part = rows.dataset[start : start + CHUNK]
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


class Choices(BatchMaker):
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
        assert self.tokens.labels is not None
        count = self.tokens.facts["choices"]
        padded = self.tokens.padded((rows[:, None] * count + np.arange(count)).reshape(-1))
        shaped = {name: array.reshape(len(rows), count, -1) for name, array in padded.items()}
        return shaped | {"labels": self.tokens.labels[rows * count]}

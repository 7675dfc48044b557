"""Classification: one sequence for each text or pair, one label."""

from typing import Any

import pyarrow as pa

from harness.data.rows import TrainingRows
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows, segment_columns
from harness.training.kinds.encoded import CHUNK, Encoded, common_facts


def encode(rows: TrainingRows, tokenizer: Any, max_length: int) -> pa.Table:
    """Return input_ids, perhaps token_type_ids, and label; of a pair the longer text is cut first."""
    encoded = Encoded(common_facts(tokenizer, max_length))
    columns = segment_columns(tokenizer)
    for start in range(0, len(rows.dataset), CHUNK):
        part = rows.dataset[start : start + CHUNK]
        pair = part["text_b"] if part["text_b"][0] is not None else None
        found = tokenizer(
            part["text_a"],
            pair,
            truncation="longest_first",
            max_length=max_length,
            return_attention_mask=False,
        )
        encoded.add(**{name: found[name] for name in columns}, label=part["label"])
    return encoded.table()


class SingleLabels(BatchMaker):
    """Batches with one label for each row."""

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]` and labels `[rows]`."""
        assert self.tokens.labels is not None
        return self.tokens.padded(rows) | {"labels": self.tokens.labels[rows]}

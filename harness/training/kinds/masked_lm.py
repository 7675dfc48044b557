"""Masked language modelling: texts, cut where they are longer than the model reads, with tokens to guess.

Of each sequence's tokens a fixed share (at least one) is drawn anew for every step; of these 80% are masked,
10% replaced by random tokens, 10% left as they are (Devlin et al. 2019, 3.1; drawn anew as in RoBERTa).
"""

from typing import Any

import numpy as np
import pyarrow as pa

from harness.data.rows import TrainingRows
from harness.errors import UserError
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows, segment_columns
from harness.training.kinds.encoded import CHUNK, Encoded, Frame, common_facts
from harness.training.token_rows import IGNORED_LABEL, TokenisedRows

_MASKED, _RANDOM = 0.8, 0.9
"""Below the first a drawn token is masked, below the second replaced."""


class NoMaskTokenError(UserError):
    """The tokenizer has no mask token."""


def encode(rows: TrainingRows, tokenizer: Any, max_length: int) -> pa.Table:
    """Return one entry for each text or piece of one: input_ids and example.

    Raises:
        NoMaskTokenError: the tokenizer has no mask token.
    """
    if tokenizer.mask_token_id is None:
        raise NoMaskTokenError(
            "the model's tokenizer has no mask token, so masked_lm cannot train it; choose another model"
        )
    frame = Frame.of(tokenizer)
    facts = {
        "mask_id": tokenizer.mask_token_id,
        "vocabulary": len(tokenizer),
        "before": len(frame.before),
        "after": len(frame.after),
    }
    encoded = Encoded(common_facts(tokenizer, max_length) | facts)
    room = max_length - frame.size
    for start in range(0, len(rows.dataset), CHUNK):
        texts = rows.dataset[start : start + CHUNK]["text_a"]
        found = tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
        pieces = [
            (row, ids[at : at + room])
            for row, ids in enumerate(found, start)
            for at in range(0, len(ids), room)
        ]
        ids = [frame.around(piece) for _, piece in pieces]
        encoded.add(input_ids=ids, example=[row for row, _ in pieces])
        if "token_type_ids" in segment_columns(tokenizer):
            encoded.add(token_type_ids=[[0] * len(sequence) for sequence in ids])
    return encoded.table()


class MaskedTokens(BatchMaker):
    """Batches of texts with tokens to guess."""

    def __init__(self, tokens: TokenisedRows, mask_probability: float) -> None:
        super().__init__(tokens)
        facts = tokens.facts
        self._words = tokens.lengths - facts["before"] - facts["after"]
        self._drawn = np.maximum(1, np.rint(self._words * mask_probability)).astype(np.int64)

    def counted(self, rows: Rows) -> int:
        """Return the number of tokens to guess."""
        return int(self._drawn[rows].sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs and labels, `[rows, width]` each; labels are -100 but where a token is drawn."""
        arrays = self.tokens.padded(rows)
        ids = arrays["input_ids"]
        labels = np.full(ids.shape, IGNORED_LABEL, np.int64)
        facts = self.tokens.facts
        for line, row in enumerate(rows):
            # Row by row, so that the drawing does not depend on how rows are dealt out to processes.
            random = np.random.RandomState([draw.seed, draw.step, row])
            at = facts["before"] + random.permutation(self._words[row])[: self._drawn[row]]
            fate = random.random_sample(len(at))
            others = random.randint(0, facts["vocabulary"], len(at))
            labels[line, at] = ids[line, at]
            replaced = np.where(fate < _MASKED, facts["mask_id"], others)
            ids[line, at] = np.where(fate < _RANDOM, replaced, ids[line, at])
        return arrays | {"labels": labels}

"""Tagging: the sub-words of a sentence; the first sub-word of each word bears the word's tag.

As in BERT (Devlin et al. 2019, 5.3) and XTREME's taggers. A sentence that is longer than the model reads is
cut between words into several sequences, so that every word gets its tag.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from harness.data.rows import TrainingRows
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows, segment_columns
from harness.training.kinds.encoded import Encoded, Frame, common_facts
from harness.training.token_rows import IGNORED_LABEL, TokenisedRows

_ROWS_AT_ONCE = 2000

Piece = tuple[list[int], list[int]]
"""Token ids and their labels."""


def encode(rows: TrainingRows, tokenizer: Any, max_length: int) -> pa.Table:
    """Return one entry for each sentence or piece of one: input_ids, example and token_label."""
    frame = Frame.of(tokenizer)
    encoded = Encoded(common_facts(tokenizer, max_length))
    for start in range(0, len(rows.dataset), _ROWS_AT_ONCE):
        part = rows.dataset[start : start + _ROWS_AT_ONCE]
        words = iter(_sub_words(tokenizer, [word for sentence in part["words"] for word in sentence]))
        ids, labels, example = [], [], []
        for row, tags in enumerate(part["tags"], start):
            for piece, marks in _pieces([next(words) for _ in tags], tags, max_length - frame.size):
                ids.append(frame.around(piece))
                labels.append([*_ignored(frame.before), *marks, *_ignored(frame.after)])
                example.append(row)
        encoded.add(input_ids=ids, example=example, token_label=labels)
        if "token_type_ids" in segment_columns(tokenizer):
            encoded.add(token_type_ids=[[0] * len(sequence) for sequence in ids])
    return encoded.table()


def _ignored(tokens: tuple[int, ...]) -> list[int]:
    return [IGNORED_LABEL] * len(tokens)


def _sub_words(tokenizer: Any, words: list[str]) -> list[list[int]]:
    """Return each word's token ids, as within a text; a word of which nothing is left is unknown."""
    # A byte-level tokenizer takes a word without a blank before it for the middle of a longer one.
    blank = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (" a", "a")]
    texts = [f" {word}" for word in words] if blank[0] != blank[1] else words
    found = tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
    return [ids or [tokenizer.unk_token_id] for ids in found]


def _pieces(words: list[list[int]], tags: list[int], room: int) -> Iterator[Piece]:
    ids: list[int] = []
    labels: list[int] = []
    for word, tag in zip(words, tags, strict=True):
        kept = word[:room]
        if len(ids) + len(kept) > room:
            yield ids, labels
            ids, labels = [], []
        ids = ids + kept
        labels = labels + [tag] + [IGNORED_LABEL] * (len(kept) - 1)
    yield ids, labels


class Tags(BatchMaker):
    """Batches of sentences."""

    def __init__(self, tokens: TokenisedRows) -> None:
        super().__init__(tokens)
        assert tokens.labels is not None
        self._words = np.add.reduceat(tokens.labels != IGNORED_LABEL, tokens.starts[:-1])

    def counted(self, rows: Rows) -> int:
        """Return the number of words."""
        return int(self._words[rows].sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs and labels, `[rows, width]` each; labels are -100 but at words' first tokens."""
        assert self.tokens.labels is not None
        arrays = self.tokens.padded(rows)
        labels = np.full(arrays["input_ids"].shape, IGNORED_LABEL, np.int64)
        labels[self.tokens.filled(rows)] = self.tokens.labels[self.tokens.positions(rows)]
        return arrays | {"labels": labels}

"""Span extraction: one sequence for each window of a context, with the question before it.

As in transformers' question-answering example and BERT's run_squad.py: a window that does not hold the whole
answer points to its first token, and so does one of a question without answers.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harness.data.rows import TrainingRows
from harness.errors import UserError
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows, segment_columns
from harness.training.kinds.encoded import Encoded, common_facts

# BERT's run_squad.py: max_query_length.
_QUESTION_TOKENS = 64
_ROWS_AT_ONCE = 1000
_SMALLEST_WINDOW = 4
OUTSIDE = -1
"""The character of a token that is not of the context."""


class WindowTooSmallError(UserError):
    """`max_length` leaves no room for a context."""


def encode(
    rows: TrainingRows, tokenizer: Any, max_length: int, doc_stride: int, *, characters: bool = False
) -> pa.Table:
    """Return one entry for each window: input_ids, perhaps token_type_ids, example and span.

    Questions are cut after 64 tokens, or a third of `max_length`.

    Args:
        rows: The questions.
        tokenizer: A fast tokenizer.
        max_length: Tokens of question and window with the special ones.
        doc_stride: Tokens that neighbouring windows share; at most half a window.
        characters: Also say where each token stands in the context: character, character_end.

    Raises:
        WindowTooSmallError: `max_length` leaves no room for a context.
    """
    question_tokens = min(_QUESTION_TOKENS, max_length // 3)
    room = max_length - question_tokens - tokenizer.num_special_tokens_to_add(pair=True)
    if room < _SMALLEST_WINDOW:
        raise WindowTooSmallError(
            f"training.max_length: {max_length} leaves {room} tokens for a context; set 32 to 384"
        )
    encoded = Encoded(common_facts(tokenizer, max_length))
    columns = segment_columns(tokenizer)
    for start in range(0, len(rows.dataset), _ROWS_AT_ONCE):
        part = rows.dataset[start : start + _ROWS_AT_ONCE]
        found = tokenizer(
            _cut(part["text_a"], tokenizer, question_tokens),
            part["text_b"],
            truncation="only_second",
            max_length=max_length,
            stride=min(doc_stride, room // 2),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_attention_mask=False,
        )
        of = np.array(found["overflow_to_sample_mapping"])
        within = [_context_characters(found, window) for window in range(len(of))]
        spans = [
            _span(characters_of, part["answer_starts"][row], part["answer_texts"][row])
            for characters_of, row in zip(within, of, strict=True)
        ]
        encoded.add(**{name: found[name] for name in columns}, example=start + of, span=spans)
        if characters:
            encoded.add(character=[w[:, 0] for w in within], character_end=[w[:, 1] for w in within])
    return encoded.table()


def _cut(questions: list[str], tokenizer: Any, tokens: int) -> list[str]:
    found = tokenizer(
        [question.lstrip() for question in questions],
        add_special_tokens=False,
        truncation=True,
        max_length=tokens,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    return [
        question.lstrip()[: offsets[-1][1]] if offsets else question
        for question, offsets in zip(questions, found["offset_mapping"], strict=True)
    ]


def _context_characters(found: Any, window: int) -> npt.NDArray[np.int64]:
    """`[tokens, 2]` first character of each token and the one after its last; OUTSIDE the context -1."""
    offsets = np.array(found["offset_mapping"][window], np.int64).reshape(-1, 2)
    of_context = np.array([part == 1 for part in found.sequence_ids(window)])
    return np.where(of_context[:, None], offsets, OUTSIDE)


def _span(characters: npt.NDArray[np.int64], starts: list[int], texts: list[str]) -> list[int]:
    """Return the first and last token of the first answer that the window holds whole, else 0, 0."""
    first, last = characters[:, 0], characters[:, 1]
    inside = first >= 0
    if not inside.any():
        return [0, 0]
    begin, end = first[inside].min(), last.max()
    for start, text in zip(starts, texts, strict=True):
        stop = start + len(text)
        touched = np.flatnonzero(inside & (first < stop) & (last > start))
        # What stands before the first token is white space that the tokenizer leaves out.
        if len(touched) and (start >= begin or first[touched[0]] <= start) and stop <= end:
            return [int(touched[0]), int(touched[-1])]
    return [0, 0]


class Spans(BatchMaker):
    """Batches of windows."""

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]` and labels `[rows, 2]`: first and last token of the answer."""
        assert self.tokens.labels is not None
        return self.tokens.padded(rows) | {"labels": self.tokens.labels[rows]}

"""Every kind of task as a text-to-text model reads it: one input and one target for each row.

What the texts are says `harness.config.text_format`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from harness.config.text_format import NO_ANSWER, NO_SPANS, SPAN_SEPARATOR, TextFormat
from harness.data.kinds.tagging import UNKNOWN_TAG
from harness.data.rows import TrainingRows
from harness.data.text_examples import choice_names, marked_texts
from harness.errors import UserError
from harness.message_text import in_short
from harness.metrics.span_f1 import tagged_spans
from harness.training.kinds.batch_maker import Arrays, BatchMaker, Draw, Rows
from harness.training.kinds.encoded import CHUNK, Encoded, common_facts
from harness.training.text_inputs import input_ids, target_ids
from harness.training.token_rows import IGNORED_LABEL

LONGEST_TARGET = 256
"""Tokens after which an answer is cut."""
_UNKNOWN = "B-<unknown>"


class IndistinctLabelsError(UserError):
    """The tokenizer makes the same tokens of two labels."""


def encode(rows: TrainingRows, text_format: TextFormat, tokenizer: Any, max_length: int) -> pa.Table:
    """Return input_ids and target of each row.

    Raises:
        IndistinctLabelsError: the tokenizer makes the same tokens of two labels.
    """
    words = label_words(rows, text_format)
    if words:
        label_targets(tokenizer, words)
    encoded = Encoded(common_facts(tokenizer, max_length))
    for start in range(0, len(rows.dataset), CHUNK):
        part = rows.dataset[start : start + CHUNK]
        marks, texts = marked_texts(part, text_format)
        answers = _answers(part, text_format, words, rows.labels)
        encoded.add(
            input_ids=input_ids(tokenizer, marks, texts, max_length),
            target=target_ids(tokenizer, answers, LONGEST_TARGET),
        )
    return encoded.table()


def label_words(rows: TrainingRows, text_format: TextFormat) -> tuple[str, ...]:
    """Return the words of each label id; none where answers are free text."""
    if text_format.kind == "multiple_choice":
        return choice_names(len(rows.dataset[0]["choices"]))
    return text_format.labels


def label_targets(tokenizer: Any, words: Sequence[str]) -> list[list[int]]:
    """Return the token ids of each label, with the end of the sequence.

    Raises:
        IndistinctLabelsError: two labels have the same.
    """
    found = target_ids(tokenizer, words, LONGEST_TARGET)
    for at, ids in enumerate(found):
        if ids in found[:at]:
            raise IndistinctLabelsError(
                f"the model's tokenizer makes the same tokens of the labels "
                f"{in_short(words[found.index(ids)])} and {in_short(words[at])}, so that neither can be "
                "told from the other; rename one in the task file, "
                "or choose a model whose vocabulary holds them"
            )
    return found


def span_texts(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return the spans of a tagged sentence as `KIND: its words`, in order."""
    spans = sorted(tagged_spans(tags), key=lambda span: span[1])
    return [f"{kind}: {' '.join(words[start:end])}" for kind, start, end in spans]


def named_tags(tags: Sequence[int], labels: Sequence[str]) -> list[str]:
    """Return the names of tag ids; a tag that the model never saw begins a span of an unknown kind."""
    return [_UNKNOWN if tag == UNKNOWN_TAG else labels[tag] for tag in tags]


def _answers(
    part: dict[str, list[Any]], text_format: TextFormat, words: Sequence[str], labels: Sequence[str]
) -> list[str]:
    if words:
        return [words[label] for label in part["label"]]
    if text_format.kind == "span_extraction":
        return [answers[0] if answers else NO_ANSWER for answers in part["answer_texts"]]
    return [
        SPAN_SEPARATOR.join(span_texts(sentence, named_tags(tags, labels))) or NO_SPANS
        for sentence, tags in zip(part["words"], part["tags"], strict=True)
    ]


class Targets(BatchMaker):
    """Batches of inputs and of the answers to them."""

    def counted(self, rows: Rows) -> int:
        """Return the number of the answers' tokens."""
        starts = self._starts
        return int((starts[rows + 1] - starts[rows]).sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]`; decoder_input_ids and labels are `[rows, longest answer]`.

        The decoder begins with the padding token (Raffel et al. 2020) and sees the answer up to each token.
        """
        assert self.tokens.labels is not None
        lengths = self._starts[rows + 1] - self._starts[rows]
        filled = np.arange(int(lengths.max())) < lengths[:, None]
        labels = np.full(filled.shape, IGNORED_LABEL, np.int64)
        labels[filled] = np.concatenate(
            [self.tokens.labels[self._starts[row] : self._starts[row + 1]] for row in rows]
        )
        seen = np.full(filled.shape, self.tokens.pad_id, np.int64)
        seen[:, 1:] = np.where(filled, labels, self.tokens.pad_id)[:, :-1]
        return self.tokens.padded(rows) | {"decoder_input_ids": seen, "labels": labels}

    @property
    def _starts(self) -> Rows:
        assert self.tokens.target_starts is not None
        return self.tokens.target_starts

"""Tagging: the sub-words of a sentence; the first sub-word of each word bears the word's tag.

As in BERT (Devlin et al. 2019, 5.3) and XTREME's taggers. A sentence that is longer than the model reads is
cut between words into several sequences, so that every word gets its tag.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from torch import Tensor

from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import Encoded, Frame, common_facts, segment_columns
from harness.kinds.model import EncoderModel, Head, label_settings, token_loss_sum
from harness.kinds.tagging.task import TaggingTask
from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS_AT_ONCE = 2000

Piece = tuple[list[int], list[int]]
"""Token ids and their labels."""


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


class Tags(Collator):
    """Batches of sentences."""

    def __init__(self, tokens: TokenizedRows) -> None:
        super().__init__(tokens)
        self._labels = tokens.targets["token_label"].values
        self._words = np.add.reduceat(self._labels != IGNORED_LABEL, tokens.starts[:-1])

    def loss_denominator(self, rows: Rows) -> int:
        """Return the number of words."""
        return int(self._words[rows].sum())

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs and labels, `[rows, width]` each; labels are -100 but at words' first tokens."""
        arrays = self.tokens.padded(rows)
        labels = np.full(arrays["input_ids"].shape, IGNORED_LABEL, np.int64)
        labels[self.tokens.filled(rows)] = self._labels[self.tokens.positions(rows)]
        return arrays | {"labels": labels}


class TaggingModel(EncoderModel[TaggingTask]):
    """A score for each tag at each token."""

    head = Head("AutoModelForTokenClassification", "tagger", label_settings, token_loss_sum, smooths=True)

    def features(
        self,
        task: TaggingTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return one entry for each sentence or piece of one: input_ids, example and token_label."""
        frame = Frame.of(tokenizer)
        types = {"example": pa.int64(), "token_label": pa.list_(pa.int32())}
        encoded = Encoded(common_facts(tokenizer, max_length), types)
        for start in range(0, len(dataset), _ROWS_AT_ONCE):
            part = dataset[start : start + _ROWS_AT_ONCE]
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

    def collator(self, task: TaggingTask, tokens: TokenizedRows) -> Collator:
        """Return batches of sentences."""
        return Tags(tokens)

    def outputs(self, task: TaggingTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the likeliest tag of each word."""
        best = output.logits.argmax(-1)
        for row in range(rows):
            yield best[row][labels[row] != IGNORED_LABEL].tolist()

    def predictions(
        self, task: TaggingTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the sentences' tags, put together from the sequences that they were cut into."""
        guessed: list[list[str]] = [[] for _ in range(len(dataset))]
        for example, tags in zip(collator.examples.tolist(), kept, strict=True):
            guessed[example] += [task.labels[tag] for tag in tags]
        return guessed


MODEL = TaggingModel()

"""Span extraction: one sequence for each window of a context, with the question before it.

As in transformers' question-answering example and BERT's run_squad.py: a window that does not hold the whole
answer points to its first token, and so does one of a question without answers.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from harness.errors import UserError
from harness.kinds.collator import Arrays, Collator, Draw, Rows
from harness.kinds.encoded import Encoded, common_facts, segment_columns
from harness.kinds.model import EncoderModel, Head, cross_entropy
from harness.kinds.span_extraction.task import SpanExtractionTask
from harness.kinds.token_rows import TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset

# BERT's run_squad.py: max_query_length.
_QUESTION_TOKENS = 64
_ROWS_AT_ONCE = 1000
_SMALLEST_WINDOW = 4
_OUTSIDE = -1
"""The character of a token that is not of the context."""
# As in transformers' question-answering example: the best 20 ends, answers of at most 30 tokens.
_BEST = 20
_LONGEST_ANSWER = 30

_TYPES = {"example": pa.int64(), "span": pa.list_(pa.int64(), 2)}
_PLACES = {"character": pa.list_(pa.int32()), "character_end": pa.list_(pa.int32())}


class WindowTooSmallError(UserError):
    """`max_length` leaves no room for a context."""


def features(
    dataset: "Dataset", tokenizer: Any, max_length: int, doc_stride: int, *, characters: bool
) -> pa.Table:
    """Return one entry for each window: input_ids, perhaps token_type_ids, example and span.

    Questions are cut after 64 tokens, or a third of `max_length`.

    Args:
        dataset: The questions.
        tokenizer: A fast tokenizer.
        max_length: Tokens of question and window with the special ones.
        doc_stride: Tokens that neighboring windows share; at most half a window.
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
    encoded = Encoded(common_facts(tokenizer, max_length), _TYPES | _PLACES)
    columns = segment_columns(tokenizer)
    for start in range(0, len(dataset), _ROWS_AT_ONCE):
        part = dataset[start : start + _ROWS_AT_ONCE]
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
    return np.where(of_context[:, None], offsets, _OUTSIDE)


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


class Spans(Collator):
    """Batches of windows."""

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]` and labels `[rows, 2]`: first and last token of the answer."""
        return self.tokens.padded(rows) | {"labels": self.tokens.targets["span"].values[rows]}


def _loss_sum(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    first, last = labels.unbind(dim=-1)
    # No answer begins or ends in padding; scored along, it would let the loss depend on a batch's width.
    starts, ends = (
        scores.float().masked_fill(mask == 0, -torch.inf)
        for scores in (output.start_logits, output.end_logits)
    )
    return (cross_entropy(starts, first) + cross_entropy(ends, last)) / 2


class SpanExtractionModel(EncoderModel[SpanExtractionTask]):
    """A score of being the answer's first token and one of being its last."""

    head = Head("AutoModelForQuestionAnswering", "span_extractor", lambda task: {"num_labels": 2}, _loss_sum)

    def features(
        self,
        task: SpanExtractionTask,
        dataset: "Dataset",
        tokenizer: Any,
        max_length: int,
        *,
        predicting: bool = False,
    ) -> pa.Table:
        """Return one entry for each window; to predict also where its tokens stand in the context."""
        return features(dataset, tokenizer, max_length, task.doc_stride, characters=predicting)

    def collator(self, task: SpanExtractionTask, tokens: TokenizedRows) -> Collator:
        """Return batches of windows."""
        return Spans(tokens)

    def outputs(self, task: SpanExtractionTask, output: Any, labels: Tensor, rows: int) -> Iterator[Any]:
        """Yield the scores `[2, tokens]` of being the first and the last token."""
        scores = torch.stack([output.start_logits, output.end_logits], dim=1).float().cpu().numpy()
        yield from scores[:rows]

    def predictions(
        self, task: SpanExtractionTask, dataset: "Dataset", collator: Collator, kept: Sequence[Any]
    ) -> list[Any]:
        """Return the likeliest answers; empty where having none is likelier in some window."""
        best: dict[int, tuple[float, str]] = {}
        nothing: dict[int, float] = {}
        contexts, tokens = dataset["text_b"][:], collator.tokens
        for window, example in enumerate(collator.examples.tolist()):
            within = slice(tokens.starts[window], tokens.starts[window + 1])
            first, end = (tokens.targets[name].values[within] for name in _PLACES)
            scores = kept[window][:, : len(first)]
            score, start, last = best_span(scores, first >= 0)
            if score > best.get(example, (-math.inf, ""))[0]:
                best[example] = score, contexts[example][first[start] : end[last]].strip()
            nothing[example] = min(nothing.get(example, math.inf), float(scores[:, 0].sum()))
        return [
            "" if task.unanswerable and nothing[row] > best[row][0] else best[row][1]
            for row in range(len(dataset))
        ]


def best_span(scores: npt.NDArray[Any], allowed: npt.NDArray[np.bool_]) -> tuple[float, int, int]:
    """Return score, first and last token of the likeliest answer of at most 30 tokens.

    Args:
        scores: `[2, tokens]` of being the first and the last token.
        allowed: `[tokens]` whether an answer may stand there.
    """
    masked = np.where(allowed, scores, -math.inf)
    firsts, lasts = (np.argsort(-line, kind="stable")[:_BEST] for line in masked)
    spans = [
        (float(masked[0, first] + masked[1, last]), int(first), int(last))
        for first in firsts
        for last in lasts
        if first <= last < first + _LONGEST_ANSWER and allowed[first] and allowed[last]
    ]
    start = int(firsts[0])
    return max(spans, default=(float(masked[0, start] + scores[1, start]), start, start))


MODEL = SpanExtractionModel()

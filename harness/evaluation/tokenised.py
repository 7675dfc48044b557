"""Evaluation texts as token ids, kept from checkpoint to checkpoint, and their batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.models.references import tokenizer_fingerprint

_CHUNK = 2048


class TextPair(NamedTuple):
    """One input: a text, or two."""

    first: str
    second: str | None


class TokenisedPair(NamedTuple):
    """One input as the tokenizer returns it: ids, and the segment of each, where the model takes segments."""

    ids: NDArray[np.int32]
    segments: NDArray[np.int8] | None


class PairTokenizer:
    """A fast tokenizer that remembers what it has tokenised in this process.

    Several checkpoints of one plan share a tokenizer and are scored on the same texts; only the first pays.
    One tokenizer's texts are kept at a time: about 1 KB a text, 75 MB for XNLI's 75,150.
    """

    _kept_for: tuple[str, int] | None = None
    _kept: dict[TextPair, TokenisedPair] = {}  # noqa: RUF012 shared by all instances on purpose

    def __init__(self, tokenizer: Any, folder: Path, max_length: int) -> None:
        self._tokenizer = tokenizer
        self._max_length = max_length
        key = (tokenizer_fingerprint(folder), max_length)
        if PairTokenizer._kept_for != key:
            PairTokenizer._kept_for, PairTokenizer._kept = key, {}

    def __call__(self, pairs: Sequence[TextPair]) -> list[TokenisedPair]:
        """Return the pairs' tokens, cut to the longest allowed length from the longer text first."""
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in self._kept]
        for single in (True, False):
            kind = [pair for pair in missing if (pair.second is None) == single]
            for start in range(0, len(kind), _CHUNK):
                self._tokenise(kind[start : start + _CHUNK])
        return [self._kept[pair] for pair in pairs]

    def _tokenise(self, pairs: Sequence[TextPair]) -> None:
        second = None if pairs[0].second is None else [pair.second for pair in pairs]
        encoded = self._tokenizer(
            [pair.first for pair in pairs],
            second,
            truncation=True,
            max_length=self._max_length,
            return_attention_mask=False,
        )
        segments = encoded.get("token_type_ids")
        for i, pair in enumerate(pairs):
            self._kept[pair] = TokenisedPair(
                np.array(encoded["input_ids"][i], dtype=np.int32),
                None if segments is None else np.array(segments[i], dtype=np.int8),
            )


def batches(lengths: Sequence[int], most_tokens: int) -> Iterator[NDArray[np.int64]]:
    """Yield positions into `lengths`, longest first, so that rows × longest ≤ `most_tokens`, or one row.

    Texts of like length share a batch, whatever their language: padding is what costs most on short texts.
    The first batch needs the most memory, so that one that is too large fails at once.
    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        rows = max(most_tokens // longest, 1)
        yield order[start : start + rows]
        start += rows

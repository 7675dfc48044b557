"""Deterministic choices, and which split an English sentence belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Literal, TypeVar

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
TRAIN_SHARE, VALIDATION_SHARE = 0.5, 0.2

T = TypeVar("T")


class Draw:
    """Seeded choices that rest on `Random.random()` alone, the one generator Python promises to keep."""

    def __init__(self, name: str) -> None:
        self._random = Random(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))

    def one(self, options: Sequence[T]) -> T:
        """One of the options, uniformly.

        Raises:
            IndexError: there are none.
        """
        return options[int(self._random.random() * len(options))]

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._random.random() < probability

    def two(self, options: Sequence[T]) -> tuple[T, T]:
        """Two different options, in random order."""
        first, second = self.shuffled(options)[:2]
        return first, second

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """The options in random order."""
        rest = list(options)
        return [rest.pop(int(self._random.random() * len(rest))) for _ in range(len(rest))]


def split_of(sentence: str) -> Split:
    """The one split in which an English sentence may occur, whatever the data set.

    Decided by the sentence's own digest, so that no sentence of a test or validation row stands in any
    training row.
    """
    digest = hashlib.sha256(sentence.lower().encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < TRAIN_SHARE:
        return "train"
    return "validation" if share < TRAIN_SHARE + VALIDATION_SHARE else "test"

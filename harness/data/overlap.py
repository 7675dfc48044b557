"""Training rows that also occur in an evaluation set."""

import functools
import sys
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

_Pair = tuple[str, str]


class OverlapError(UserError):
    """Training rows also occur in an evaluation set, so that its scores would not be zero-shot."""


@dataclass(frozen=True)
class OverlappingPair:
    """A training row whose text or text pair is also an evaluation row.

    Attributes:
        training_row: Position in the training data set.
        evaluation_row: Position in the evaluation data set.
        exact: Character by character; else after normalisation only.
        reversed: The two texts stand the other way round.
    """

    training_row: int
    evaluation_row: int
    exact: bool
    reversed: bool


@dataclass(frozen=True)
class Overlap:
    """What two data sets have in common.

    Attributes:
        pairs: Every training row that occurs in the evaluation set, in training order.
        sentence_rows: Evaluation rows that hold at least one text that also stands, character by character,
            in a training row (on either side). A hint, not a leak: PAWS-X shares single texts by design.
        similar_sentence_rows: The same with normalised texts.
        evaluation_rows: Number of rows in the evaluation set.
    """

    pairs: tuple[OverlappingPair, ...]
    sentence_rows: int
    similar_sentence_rows: int
    evaluation_rows: int


def find_overlap(training: "Dataset", evaluation: "Dataset") -> Overlap:
    """Find the rows of `training` that also occur in `evaluation`, and the texts that both hold.

    Two texts are the same when they are equal after Unicode NFKC and case folding, with every run of white
    space and punctuation as one space. Texts of which nothing is left are never the same. XNLI's and
    PAWS-X's languages are translations of each other: an English training set must be compared with the
    English evaluation rows, whichever language is scored.

    Args:
        training: Columns text_a (string) and text_b (string or null).
        evaluation: The same columns.
    """
    known: dict[str, str] = {"": ""}
    asked = _pairs(evaluation)
    asked_normal = [_normal_pair(pair, known) for pair in asked]
    by_pair: dict[_Pair, list[int]] = {}
    for row, pair in enumerate(asked_normal):
        by_pair.setdefault(pair, []).append(row)
    given = _pairs(training)
    pairs: list[OverlappingPair] = []
    exact_texts: set[str] = set()
    texts: set[str] = set()
    for row, raw in enumerate(given):
        pair = _normal_pair(raw, known)
        exact_texts.update(raw)
        texts.update(pair)
        if any(pair):
            for either in dict.fromkeys((pair, pair[::-1])):
                pairs += [_match(row, raw, at, asked[at]) for at in by_pair.get(either, ())]
    return Overlap(
        tuple(pairs), _rows_holding(asked, exact_texts), _rows_holding(asked_normal, texts), len(asked)
    )


def _rows_holding(pairs: list[_Pair], texts: set[str]) -> int:
    filled = texts - {""}
    return sum(a in filled or b in filled for a, b in pairs)


def _normal_pair(pair: _Pair, known: dict[str, str]) -> _Pair:
    return _normal(pair[0], known), _normal(pair[1], known)


def _normal(text: str, known: dict[str, str]) -> str:
    """Normalise a text; `known` remembers each distinct one, as premises are repeated many times."""
    found = known.get(text)
    if found is None:
        folded = unicodedata.normalize("NFKC", text).casefold()
        found = known[text] = " ".join(folded.translate(_gaps()).split())
    return found


@functools.cache
def _gaps() -> dict[int, str]:
    # Punctuation, symbols, separators, control and format characters become spaces. Not by the regular
    # expression \W: it would eat the vowel signs of Thai and Hindi and make different words equal, and
    # a character class of these members took 0.3 ms a sentence.
    kinds = {code: unicodedata.category(chr(code)) for code in range(sys.maxunicode + 1)}
    return {code: " " for code, kind in kinds.items() if kind[0] in "PSZ" or kind in ("Cc", "Cf")}


def _pairs(dataset: "Dataset") -> list[_Pair]:
    second: list[str | None] = dataset["text_b"][:]
    return [(a, b or "") for a, b in zip(dataset["text_a"][:], second, strict=True)]


def _match(row: int, given: _Pair, at: int, asked: _Pair) -> OverlappingPair:
    exact = asked in (given, given[::-1])
    if exact:
        return OverlappingPair(row, at, True, asked != given)
    known: dict[str, str] = {}
    return OverlappingPair(row, at, False, _normal_pair(asked, known) != _normal_pair(given, known))

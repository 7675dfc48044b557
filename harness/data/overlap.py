"""Training rows that also occur in an evaluation set."""

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset

_Pair = tuple[str, str]


class OverlapError(UserError):
    """Training rows also occur in an evaluation set, so that its scores would not be zero-shot."""

    page = "explanation/leakage.md"


@dataclass(frozen=True)
class OverlappingPair:
    """A training row whose text or text pair is also an evaluation row.

    Attributes:
        training_row: Position in the training data set.
        evaluation_row: Position in the evaluation data set.
        exact: Character by character; else after normalization only.
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
        sentences: Evaluation rows that hold at least one text that also stands, character by character,
            in a training row (on either side). A hint, not a leak: PAWS-X shares single texts by design.
        similar_sentences: The same with normalized texts.
        evaluation_rows: Number of rows in the evaluation set.
    """

    pairs: tuple[OverlappingPair, ...]
    sentences: tuple[int, ...]
    similar_sentences: tuple[int, ...]
    evaluation_rows: int


class OverlapSearch:
    """Looks for training rows that also occur in one evaluation set, and for the texts that both hold.

    Two texts are the same when they are equal after Unicode NFKC and case folding, with every run of white
    space and punctuation as one space. Texts of which nothing is left are never the same. XNLI's and
    PAWS-X's languages are translations of each other: an English training set must be compared with the
    English evaluation rows, whichever language is scored.
    """

    def __init__(self, evaluation: "Dataset") -> None:
        """Prepare the search.

        Args:
            evaluation: Columns text_a (string) and text_b (string or null).
        """
        known: dict[str, str] = {"": ""}
        self._rows = _pairs(evaluation)
        self._normal = [_normal_pair(pair, known) for pair in self._rows]
        self._places: dict[_Pair, list[int]] = {}
        for row, pair in enumerate(self._normal):
            self._places.setdefault(pair, []).append(row)

    def find(self, training: "Dataset") -> Overlap:
        """Return what a training set, with the same two columns, has in common with the evaluation set."""
        known: dict[str, str] = {"": ""}
        pairs: list[OverlappingPair] = []
        exact_texts: set[str] = set()
        texts: set[str] = set()
        for row, raw in enumerate(_pairs(training)):
            pair = _normal_pair(raw, known)
            exact_texts.update(raw)
            texts.update(pair)
            if any(pair):
                for either in dict.fromkeys((pair, pair[::-1])):
                    pairs += [_match(row, raw, at, self._rows[at]) for at in self._places.get(either, ())]
        return Overlap(
            tuple(pairs),
            _rows_holding(self._rows, exact_texts),
            _rows_holding(self._normal, texts),
            len(self._rows),
        )


def _rows_holding(pairs: list[_Pair], texts: set[str]) -> tuple[int, ...]:
    filled = texts - {""}
    return tuple(row for row, (a, b) in enumerate(pairs) if a in filled or b in filled)


def _normal_pair(pair: _Pair, known: dict[str, str]) -> _Pair:
    return _normal(pair[0], known), _normal(pair[1], known)


def _normal(text: str, known: dict[str, str]) -> str:
    """Normalise a text; `known` remembers each distinct one, as premises are repeated many times."""
    found = known.get(text)
    if found is None:
        folded = unicodedata.normalize("NFKC", text).casefold()
        found = known[text] = " ".join(folded.translate(_GAPS).split())
    return found


class _Gaps(dict[int, str]):
    r"""What str.translate makes of a character, looked up once for each.

    Punctuation, symbols, separators, control and format characters become spaces. Not by the regular
    expression \W: it would eat the vowel signs of Thai and Hindi and make different words equal, and a
    character class of these members took 0.3 ms a sentence.
    """

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        found = self[code] = " " if kind[0] in "PSZ" or kind in ("Cc", "Cf") else chr(code)
        return found


_GAPS = _Gaps()


def _pairs(dataset: "Dataset") -> list[_Pair]:
    second: list[str | None] = dataset["text_b"][:]
    return [(a, b or "") for a, b in zip(dataset["text_a"][:], second, strict=True)]


def _match(row: int, given: _Pair, at: int, asked: _Pair) -> OverlappingPair:
    exact = asked in (given, given[::-1])
    if exact:
        return OverlappingPair(row, at, True, asked != given)
    known: dict[str, str] = {}
    return OverlappingPair(row, at, False, _normal_pair(asked, known) != _normal_pair(given, known))

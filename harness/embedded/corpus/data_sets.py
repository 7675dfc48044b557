"""The data sets of the mini corpus as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.embedded.corpus.drawing import Split
from harness.embedded.corpus.languages import GRAMMARS
from harness.embedded.corpus.monolingual import DESIGNS as MONOLINGUAL
from harness.embedded.corpus.monolingual import labelled_texts
from harness.embedded.corpus.parallel import DESIGNS as PARALLEL
from harness.embedded.corpus.parallel import clause_pairs
from harness.errors import UserError
from harness.message_text import in_short

CORPUS_VERSION = 1
"""Raised by hand whenever a row of any data set changes."""


class UnknownCorpusError(UserError):
    """A data set, language or split that the corpus does not have."""


@dataclass(frozen=True)
class Row:
    """One labelled text or pair of texts.

    Attributes:
        item_id: the same for the same item in every language.
        text_a: the only text, the premise, the first of two, or the question.
        text_b: the second text of a pair, None for a single text.
        label: one of `label_names` of the data set.
    """

    item_id: str
    text_a: str
    text_b: str | None
    label: str


def corpus_names() -> tuple[str, ...]:
    """The data sets of the corpus."""
    return (*PARALLEL, *MONOLINGUAL)


def languages(name: str) -> tuple[str, ...]:
    """The languages (ISO 639-1) a data set can be evaluated in, English first.

    Raises:
        UnknownCorpusError: there is no such data set.
    """
    _require(name in corpus_names(), "data set", name, corpus_names())
    return tuple(GRAMMARS) if name in PARALLEL else ("en",)


def label_names(name: str) -> tuple[str, ...]:
    """The labels of a data set, in the order of their ids.

    Raises:
        UnknownCorpusError: there is no such data set.
    """
    _require(name in corpus_names(), "data set", name, corpus_names())
    return PARALLEL[name].labels if name in PARALLEL else MONOLINGUAL[name].labels


def training_rows(name: str) -> list[Row]:
    """The English training rows; every prefix is balanced over the labels, as far as it can be.

    Raises:
        UnknownCorpusError: there is no such data set.
    """
    _require(name in corpus_names(), "data set", name, corpus_names())
    return _rows(name, "en", "train")


def evaluation_rows(name: str, language: str, split: Literal["test", "validation"] = "test") -> list[Row]:
    """The rows of a held-out split in one language; row i is the same item in every language.

    Raises:
        UnknownCorpusError: there is no such data set, language or split.
    """
    _require(language in languages(name), f"language of {name}", language, languages(name))
    _require(split in ("test", "validation"), "split", split, ("test", "validation"))
    return _rows(name, language, split)


def _rows(name: str, language: str, split: Split) -> list[Row]:
    if name in PARALLEL:
        sentence = GRAMMARS[language].sentence
        return [
            Row(f"{split}-{number}", sentence(pair.first), sentence(pair.second), pair.label)
            for number, pair in enumerate(clause_pairs(name, split), start=1)
        ]
    return [
        Row(f"{split}-{number}", texts[0], texts[1] if len(texts) == 2 else None, label)
        for number, (texts, label) in enumerate(labelled_texts(name, split), start=1)
    ]


def _require(known: bool, what: str, value: str, allowed: tuple[str, ...]) -> None:
    if not known:
        raise UnknownCorpusError(
            f"embedded corpus: no {what} {in_short(value)}; there are {', '.join(allowed)}."
        )

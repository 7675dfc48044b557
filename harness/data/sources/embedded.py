"""Rows of the corpus that xstilts generates itself."""

import difflib
from collections.abc import Sequence
from typing import Any

from harness.data.sources.columns import SourceColumns
from harness.embedded import corpus
from harness.errors import UserError


class UnknownEmbeddedCorpusError(UserError):
    """The package generates no corpus of that name."""


def read_embedded_training(name: str, needed: tuple[str, ...]) -> SourceColumns:
    """Generate the English training rows of a corpus.

    They have no column names of their own: the texts and the label go by the names in `needed`, in order.

    Raises:
        UnknownEmbeddedCorpusError: there is no such corpus.
    """
    known = corpus.corpus_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownEmbeddedCorpusError(f"no embedded corpus {name!r}; there are {', '.join(known)}.{hint}")
    return _columns(corpus.training_rows(name), f"{name}, train", needed)


def read_embedded_evaluation(name: str, language: str, split: str, needed: tuple[str, ...]) -> SourceColumns:
    """Generate the rows of one language of a corpus; row i is the same item in every language."""
    rows = corpus.evaluation_rows(name, language, split)
    return _columns(rows, f"{name}, {language}, {split}", needed)


def _columns(rows: Sequence[Any], origin: str, needed: tuple[str, ...]) -> SourceColumns:
    *inputs, label = needed
    texts = dict(zip(inputs, ([row.text_a for row in rows], [row.text_b for row in rows]), strict=False))
    return SourceColumns(
        columns=texts | {label: [row.label for row in rows]},
        origin=origin,
        source=f"embedded: {origin}",
        unit="row",
        numbers=range(1, len(rows) + 1),
        class_names={},
    )

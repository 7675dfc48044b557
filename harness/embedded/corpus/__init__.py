"""The mini corpus: a multilingual data set that is generated, so that nothing has to be downloaded."""

from harness.embedded.corpus.data_sets import (
    CORPUS_VERSION,
    Row,
    UnknownCorpusError,
    corpus_names,
    evaluation_rows,
    label_names,
    languages,
    training_rows,
)

__all__ = [
    "CORPUS_VERSION",
    "Row",
    "UnknownCorpusError",
    "corpus_names",
    "evaluation_rows",
    "label_names",
    "languages",
    "training_rows",
]

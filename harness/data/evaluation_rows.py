"""The rows of one language of an evaluation corpus."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.evaluation_corpora import CORPORA, EvaluationCorpus
from harness.data.location import below
from harness.data.rows import NoSourceError
from harness.data.sources.embedded import read_embedded_evaluation
from harness.data.sources.folder import read_file
from harness.data.sources.hub import HubUnavailableError, read_hub
from harness.embedded import corpus as embedded
from harness.errors import UserError
from harness.kinds.classification.dataset import classification_dataset, input_texts
from harness.kinds.columns import SourceColumns
from harness.kinds.fingerprint import fingerprint
from harness.kinds.labels import label_ids, require_labelled
from harness.kinds.sources import FolderSource, HubSource
from harness.message_text import in_short

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS = ("test", "validation")
# Translations keep their labels, but not all: in PAWS-X's Chinese test set 17 of 2,000 are others than in the
# English one. Of rows in another order every second label or more would be another.
_MOST_OTHER_LABELS = 0.1
_LEAST_COMPARED = 20


class UnknownEvaluationDataError(UserError):
    """There is no evaluation corpus, language or split of that name."""


class MisalignedFilesError(UserError):
    """The files of a parallel corpus have different numbers of rows, or their rows are not the same items."""


@dataclass(frozen=True)
class EvaluationRows:
    """The rows of one language and split; row i is the same item in every language of the corpus.

    Attributes:
        dataset: Columns item_id (string, equal for the same item in every language), text_a (string),
            text_b (string, null for single texts), label (int64).
        label_names: The position is the label's id.
        fingerprint: sha256 of texts and label names in row order, the same from every source.
        source: `folder: PATH below the data folder`, `hub: REPOSITORY …` or `embedded: NAME …`.
        revision: Commit of a hub repository, else None.
        warnings: What a user should know about these rows, one sentence each.
    """

    dataset: "Dataset"
    label_names: tuple[str, ...]
    fingerprint: str
    source: str
    revision: str | None
    warnings: tuple[str, ...] = ()


def load_evaluation_rows(
    corpus: str, language: str, *, split: str = "test", data_dir: Path | None = None
) -> EvaluationRows:
    """Load one language of an evaluation corpus from the data folder (XTREME's layout), else the hub.

    The corpora that xstilts generates itself (mini_*) come from the package.

    Args:
        corpus: `xnli`, `pawsx` or a corpus of `harness.embedded.corpus`.
        language: ISO 639-1 code.
        split: `test` or `validation`.
        data_dir: The data folder, or None for none.

    Raises:
        UnknownEvaluationDataError: no such corpus, language or split.
        NoSourceError: neither folder nor hub has it; says why not.
        MisalignedFilesError: another language's file of this split has more or fewer rows, or other labels.
        UnlabelledRowsError: a row has no label (it would be scored as wrong).
        UserError: a source is at hand but faulty (see `harness.data.sources`, `harness.data.labels`).
    """
    _require_known("split", split, SPLITS)
    known = CORPORA.get(corpus)
    if known is None:
        return _generated(corpus, language, split)
    _require_known(f"language of {known.title}", language, known.languages)
    source = _first_at_hand(known, language, split, data_dir)
    _require_aligned(known, source, language, split, data_dir)
    rows = _rows(source, known.columns, known.label_names, known.label_values)
    published = known.published_rows[split]
    if len(source) == published:
        return rows
    warning = (
        f"{known.title} {split}, language {language!r} has {len(source):,} rows where the published data set "
        f"has {published:,} ({rows.source})"
    )
    return replace(rows, warnings=(warning,))


def _generated(corpus: str, language: str, split: str) -> EvaluationRows:
    _require_known("evaluation corpus", corpus, (*CORPORA, *embedded.corpus_names()))
    _require_known(f"language of {corpus}", language, embedded.languages(corpus))
    source, columns = read_embedded_evaluation(
        corpus, language, "validation" if split == "validation" else "test"
    )
    return _rows(source, columns, tuple(embedded.label_names(corpus)), {})


def _rows(
    source: SourceColumns,
    columns: tuple[str, ...],
    names: tuple[str, ...],
    values: dict[str, str],
) -> EvaluationRows:
    *inputs, label = columns
    ids = label_ids(source, label, names, values)
    require_labelled(source, label, ids, "scores need a label for every row; use the labelled release")
    text_a, text_b = input_texts(source, inputs)
    dataset = classification_dataset(text_a, text_b, ids, [str(row) for row in range(len(ids))])
    return EvaluationRows(dataset, names, fingerprint(dataset, names), source.source, source.revision)


def _first_at_hand(
    corpus: EvaluationCorpus, language: str, split: str, data_dir: Path | None
) -> SourceColumns:
    relative = corpus.path(language, split)
    if data_dir is None:
        missing = f"{relative} below the data folder: none is named by --data-dir or XSTILTS_DATA"
    else:
        path = below(data_dir, relative)
        if path.exists():
            layout = FolderSource(path=relative, format="tsv", columns=corpus.columns)
            return read_file(path, layout, corpus.columns)
        missing = f"{path}: no such file"
    hub = HubSource(repository=corpus.repository, config=language, split=split, revision=corpus.revision)
    try:
        return read_hub(hub, corpus.columns)
    except HubUnavailableError as error:
        raise NoSourceError(
            f"{corpus.title} {split}, language {language!r}: no source of its rows is at hand:"
            f"\n  folder: {missing}\n  hub: {error}"
        ) from error


def _require_aligned(
    corpus: EvaluationCorpus, source: SourceColumns, language: str, split: str, data_dir: Path | None
) -> None:
    """Compare with the files of the other languages: items are told apart by their row number."""
    if data_dir is None:
        return
    for other in corpus.languages:
        path = below(data_dir, corpus.path(other, split))
        if other == language or not path.is_file():
            continue
        content = path.read_bytes()
        rows = content.count(b"\n") + (not content.endswith(b"\n"))
        if rows != len(source):
            raise MisalignedFilesError(
                f"{source.origin}: {len(source):,} rows, but {path} has {rows:,}; row i must be the same "
                f"item in every language of {corpus.title}, so take all files from one release"
            )
        _require_same_labels(corpus, source, path, content)


def _require_same_labels(corpus: EvaluationCorpus, source: SourceColumns, path: Path, content: bytes) -> None:
    """Compare the labels with those of another language's file, as far as both have known ones."""
    known = {*corpus.label_names, *corpus.label_values}
    others = (line.rpartition(b"\t")[2].strip().decode(errors="replace") for line in content.split(b"\n"))
    pairs = list(zip(map(str, source.columns[corpus.columns[-1]]), others, strict=False))
    compared = [row for row, pair in enumerate(pairs) if known.issuperset(pair)]
    other = [row for row in compared if len({*pairs[row]}) > 1]
    if len(compared) >= _LEAST_COMPARED and len(other) > _MOST_OTHER_LABELS * len(compared):
        raise MisalignedFilesError(
            f"{source.origin}: {len(other):,} of {len(compared):,} rows have another label than the same row "
            f"of {path}, the first of them row {other[0] + 1}; row i must be the same item in every language "
            f"of {corpus.title}, so take all files from one release"
        )


def _require_known(what: str, name: str, known: Sequence[str]) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownEvaluationDataError(f"no {what} {in_short(name)}; there are {', '.join(known)}.{hint}")

"""The rows of one language of a corpus."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from harness.config.corpus import Corpus, Split
from harness.data.location import DataFolders
from harness.data.rows import first_available_source
from harness.data.sources.folder import read_file
from harness.data.sources.layouts import find_layout
from harness.errors import UserError
from harness.kinds.columns import RowCount, SourceColumns
from harness.kinds.labels import NO_LABEL
from harness.kinds.registry import kind_of
from harness.message_text import in_short

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS: tuple[Split, ...] = get_args(Split)
# Translations keep their labels, but not all: in PAWS-X's Chinese test set 17 of 2,000 are others than in the
# English one. Of rows in another order every second label or more would be another.
_MOST_OTHER_LABELS = 0.1
_LEAST_COMPARED = 20


class UnknownEvaluationDataError(UserError):
    """A corpus has no such language or split."""


class MisalignedFilesError(UserError):
    """The files of a parallel corpus have different numbers of rows, or their rows are not the same items."""


class DroppedItemsError(UserError):
    """Items of a corpus cannot be scored as they stand."""


@dataclass(frozen=True)
class EvaluationRows:
    """The rows of one language and split of a corpus.

    Attributes:
        dataset: Columns item_id (string; of a parallel corpus equal for the same item in every language, else
            of this language alone), cluster (string: items that are not independent share one), text_a
            (string), text_b (string or null) and those of the corpus's kind (harness.kinds).
        label_names: The position is the label's id; empty where the kind has none.
        fingerprint: sha256 of the content in row order, the same from every source.
        source: `folder: PATH below the data folder`, `hub: REPOSITORY …` or `embedded: NAME …`.
        revision: Commit of a hub repository, else None.
        warnings: What a user should know about these rows, one sentence each.
        counted: What of them is not as it should be.
    """

    dataset: "Dataset"
    label_names: tuple[str, ...]
    fingerprint: str
    source: str
    revision: str | None
    warnings: tuple[str, ...] = ()
    counted: tuple[RowCount, ...] = ()


def load_evaluation_rows(
    corpus: Corpus, language: str, *, split: str = "test", data_dir: DataFolders = None
) -> EvaluationRows:
    """Load one language of a corpus from the first of its sources that is available.

    Args:
        corpus: The corpus.
        language: ISO 639 code.
        split: `test` or `validation`.
        data_dir: The data folder, or None for none.

    Raises:
        UnknownEvaluationDataError: the corpus has no such language or split.
        NoSourceError: no source has it; says why not.
        MisalignedFilesError: another language's file of this split has more or fewer rows, or other labels.
        UnlabelledRowsError: a row has no label (it would be scored as wrong).
        UserError: a source is available but faulty (see `harness.data.sources`, `harness.kinds`).
    """
    part = _split(corpus, split)
    _require_known(f"language of {corpus.title}", language, corpus.languages)
    where = f"{corpus.title} {split}, language {language!r}"
    needed = kind_of(corpus.task).columns(corpus.task)
    cluster, item = corpus.definition.cluster, corpus.definition.item
    columns = tuple(dict.fromkeys((*needed, *(name for name in (cluster, item) if name is not None))))
    source = first_available_source(where, corpus.sources(language, part), columns, data_dir)
    if corpus.definition.parallel:
        _require_aligned(corpus, source, language, part, data_dir)
    found = kind_of(corpus.task).examples(corpus.task, source, corpus.labels)
    if found.dropped:
        raise DroppedItemsError(
            f"{source.origin}: {found.dropped:,} of {len(source):,} items cannot be scored, since "
            f"{found.dropped_since}; correct the file"
        )
    ids = _item_ids(corpus, language, source)
    clusters = ids if cluster is None else _clusters(corpus, ids, source.columns[cluster])
    counts = (*source.counted, *found.counted)
    dataset = found.dataset.add_column("item_id", ids).add_column("cluster", clusters)
    others = [name for name in dataset.column_names if name not in ("item_id", "cluster")]
    return EvaluationRows(
        dataset.select_columns(["item_id", "cluster", *others]),
        found.labels,
        kind_of(corpus.task).fingerprint(found.dataset, found.labels),
        source.source,
        source.revision,
        _warnings(where, source, counts, corpus.expected_rows(language, part)),
        counts,
    )


def _warnings(
    where: str, source: SourceColumns, counts: tuple[RowCount, ...], expected: int | None
) -> tuple[str, ...]:
    warnings = [*source.notes, *(f"{where}: {count} ({source.source})" for count in counts)]
    if expected not in (None, len(source)):
        warnings.append(
            f"{where} has {len(source):,} rows where the published data set has {expected:,} "
            f"({source.source})"
        )
    return tuple(warnings)


def _item_ids(corpus: Corpus, language: str, source: SourceColumns) -> list[str]:
    """Return what items are known by: the value of a column, or the row's number."""
    column = corpus.definition.item
    if column is None:
        return [str(row) if corpus.definition.parallel else f"{language}-{row}" for row in range(len(source))]
    found: dict[str, int] = {}
    for row, value in enumerate(source.columns[column]):
        if (first := found.setdefault(str(value), row)) != row:
            raise MisalignedFilesError(
                f"{source.place(row)}: {column} {in_short(value)} stands in {source.unit} "
                f"{source.numbers[first]} already; each names one item, so take the file from one release"
            )
    return list(found)


def _clusters(corpus: Corpus, ids: Sequence[str], values: Sequence[object]) -> list[str]:
    """Return for each item the id of the first with its value.

    Clusters of translations must be the same in every language, but two premises of XNLI may read alike in
    one language and not in another; so only neighbors belong together there.
    """
    first: dict[str, str] = {}
    found: list[str] = []
    for row, (item, value) in enumerate(zip(ids, values, strict=True)):
        if corpus.definition.parallel and row and value != values[row - 1]:
            first.clear()
        found.append(first.setdefault(str(value), item))
    return found


def _require_aligned(
    corpus: Corpus, source: SourceColumns, language: str, split: Split, data_dir: DataFolders
) -> None:
    """Compare with the first other language whose file is there: items are known by their row number.

    Every language is compared with that one, so that all agree with each other.
    """
    label = getattr(corpus.task, "label", None)  # kinds with one label for a row say so by this column
    for other in corpus.languages:
        found = find_layout(corpus.sources(other, split).layouts, data_dir)
        if other == language or found is None:
            continue
        layout, path = found
        theirs = read_file(path, layout, kind_of(corpus.task).columns(corpus.task))
        remedy = (
            f"row i must be the same item in every language of {corpus.title}, so take all files from one "
            "release"
        )
        if len(theirs) != len(source):
            raise MisalignedFilesError(
                f"{source.origin}: {len(source):,} rows, but {path} has {len(theirs):,}; {remedy}"
            )
        if label is not None:
            _require_same_labels(source, path, (source.columns[label], theirs.columns[label]), remedy)
        return


def _require_same_labels(
    source: SourceColumns, path: Path, labels: tuple[Sequence[object], Sequence[object]], remedy: str
) -> None:
    """Compare the labels with those of another language's file, as far as both have some."""
    pairs = [(str(ours), str(theirs)) for ours, theirs in zip(*labels, strict=True)]
    compared = [row for row, pair in enumerate(pairs) if not NO_LABEL.intersection(pair)]
    other = [row for row in compared if len({*pairs[row]}) > 1]
    if len(compared) >= _LEAST_COMPARED and len(other) > _MOST_OTHER_LABELS * len(compared):
        raise MisalignedFilesError(
            f"{source.origin}: {len(other):,} of {len(compared):,} rows have another label than the same row "
            f"of {path}, the first of them row {other[0] + 1}; {remedy}"
        )


def _split(corpus: Corpus, split: str) -> Split:
    _require_known(f"split of {corpus.title}", split, corpus.definition.splits)
    return next(known for known in SPLITS if known == split)


def _require_known(what: str, name: str, known: Sequence[str]) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownEvaluationDataError(f"no {what} {in_short(name)}; there are {', '.join(known)}.{hint}")

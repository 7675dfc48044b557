"""Rows of the corpus that xstilts generates itself."""

from collections.abc import Sequence

from harness.embedded import corpus
from harness.kinds.columns import MissingColumnError, SourceColumns
from harness.kinds.sources import EmbeddedSource


def read_embedded(source: EmbeddedSource, needed: tuple[str, ...]) -> SourceColumns:
    """Generate the rows of a data set of the corpus; its validation and test rows are parallel.

    They have no column names of their own: the texts and the label go by the names in `needed`, in order.

    Raises:
        MissingColumnError: the task has another number of inputs than the data set has texts.
        UnknownCorpusError: there is no such data set, or not in this language.
    """
    name = source.corpus
    if source.split == "train" and source.language == "en":
        rows, origin = corpus.training_rows(name), f"{name}, train"
    elif source.split == "train":
        raise corpus.UnknownCorpusError(f"embedded corpus {name}: its training rows are English only")
    else:
        rows = corpus.evaluation_rows(name, source.language, source.split)
        origin = f"{name}, {source.language}, {source.split}"
    texts = _texts(rows)
    if len(needed) - 1 != texts:
        raise MissingColumnError(
            f"embedded corpus {name}: its rows have {texts} text(s), but the task names {len(needed) - 1} "
            f"input(s), {', '.join(needed[:-1])}; correct the task's 'inputs'"
        )
    return _columns(rows, origin, needed)


def _texts(rows: Sequence[corpus.Row]) -> int:
    return 1 if rows[0].text_b is None else 2


def _columns(rows: Sequence[corpus.Row], origin: str, names: tuple[str, ...]) -> SourceColumns:
    values: tuple[list[str], list[str | None]] = ([row.text_a for row in rows], [row.text_b for row in rows])
    *inputs, label = names
    columns: dict[str, Sequence[str | None]] = dict(zip(inputs, values, strict=False))
    columns[label] = [row.label for row in rows]
    return SourceColumns(
        columns=columns,
        origin=origin,
        source=f"embedded: {origin}",
        unit="row",
        numbers=range(1, len(rows) + 1),
        class_names={},
    )

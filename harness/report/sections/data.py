"""The part of a page on data: what was used, and what training and evaluation sets have in common."""

from collections.abc import Iterator

from harness.report.blocks import Block, Heading, Markup
from harness.report.notation import EMPTY, inline
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.table import Table
from harness.results.board import Board
from harness.results.data_use import DataUse, SharedRows

_SHORT = 12


class DataSection(BoardSection[Nothing]):
    """The data sets and their versions, and the rows that training and evaluation sets share."""

    name, place, model = "data", 1500, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: the board holds what was used and compared."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield tables and lists; none where the board says nothing of its data."""
        if publication.board.data:
            yield Heading("Data", 2)
            yield from map(Markup, _paragraphs(publication.board))


def _paragraphs(board: Board) -> Iterator[str]:
    yield _uses(board).render()
    unlike = list(_unlike_the_published(board))
    if unlike:
        yield "\n".join(unlike)
    counts = [
        f"- {inline(use.name)}: {inline(str(count))} ({inline(use.source)})."
        for use in board.data
        for count in use.counted
    ]
    if counts:
        yield "\n".join(counts)
    sources = _citations(board)
    if sources:
        yield "\n".join(sources)
    if board.mixtures:
        yield "\n".join(_mixtures(board))
    if board.overlap:
        yield "### Overlap of training and evaluation rows"
        yield "\n".join(_dropped(board))
        shared = [part for part in board.overlap if _is_shared(part)]
        if shared:
            yield _shared(shared).render()
        yield "\n".join(_explained(board, shared))


def _uses(board: Board) -> Table:
    dropping = any(use.dropped for use in board.data)
    headers = (
        "data",
        "role",
        "source",
        "revision",
        "fingerprint",
        "rows",
        *(["dropped"] if dropping else []),
    )
    rows = tuple(
        (
            inline(use.name),
            use.role,
            inline(use.source),
            inline(use.revision[:_SHORT]) if use.revision else EMPTY,
            inline(use.fingerprint[:_SHORT]) if use.fingerprint else EMPTY,
            EMPTY if use.rows is None else str(use.rows),
            *([str(use.dropped)] if dropping else []),
        )
        for use in board.data
    )
    return Table(headers, rows, frozenset(headers[:5]))


def _citations(board: Board) -> list[str]:
    """Return a line for each citation and license, with the data sets that have both."""
    names: dict[tuple[str, str], list[str]] = {}
    for use in board.data:
        if use.citation is not None and use.license is not None:
            names.setdefault((use.citation, use.license), []).append(inline(use.name))
    return [
        f"- {', '.join(dict.fromkeys(sets))}: {inline(citation)}; license: {inline(terms)}."
        for (citation, terms), sets in names.items()
    ]


def other_sets(board: Board, target: str | None = None) -> Iterator[tuple[DataUse, int, int]]:
    """Yield the training sets that are not the published ones they are named after, by their size.

    Args:
        board: The results.
        target: Leave out the sets of targets that are in no sequence of this one; None: all sets.

    Yields:
        The set, its rows before any were dropped, and the rows of the published one.
    """
    foreign: set[str] = set()
    if target is not None:
        own = {name for row in board.rows_of(target) for name in (*row.order, target)}
        foreign = set(board.targets) - own
    for use in board.data:
        if use.name in foreign:
            continue
        if use.rows is not None and use.expected_rows not in (None, use.rows + use.dropped):
            yield use, use.rows + use.dropped, use.expected_rows


def _unlike_the_published(board: Board) -> Iterator[str]:
    for use, rows, expected in other_sets(board):
        development = rows == use.development_rows
        what = (
            "That is the size of its development set, which was probably trained on in its place"
            if development
            else "So it is a part of it, another split or other data under its name"
        )
        yield (
            f"- **{inline(use.name)}: {rows:,} rows, where the published training set has {expected:,}.** "
            f"{what}; scores are not comparable with those of the whole set."
        )


def _mixtures(board: Board) -> Iterator[str]:
    for name, words in board.mixtures.items():
        yield f"- **{inline(name)}** is a mixture, one stage over several tasks: {inline(words)}."


def _dropped(board: Board) -> Iterator[str]:
    dropping = [use for use in board.data if use.dropped]
    if not dropping:
        yield "No training row is also an evaluation row."
    for use in dropping:
        whole = use.dropped + (use.rows or 0)
        names = dict.fromkeys(
            part.evaluation for part in board.overlap if part.training == use.name and part.dropped
        )
        yield (
            f"- **{inline(use.name)}: {use.dropped:,} of {whole:,} rows were dropped before training** "
            f"(overlap: drop), since they are also rows of {inline(', '.join(names))}."
        )


def _is_shared(part: SharedRows) -> bool:
    return bool(part.dropped or part.sentence_rows or part.similar_sentence_rows)


def _shared(parts: list[SharedRows]) -> Table:
    headers = ("training", "evaluation", "pairs dropped", "sentences shared", "similar", "of rows")
    rows = tuple(
        (
            inline(part.training),
            inline(part.evaluation),
            f"{part.dropped:,}",
            f"{part.sentence_rows:,}",
            f"{part.similar_sentence_rows:,}",
            f"{part.rows:,}",
        )
        for part in parts
    )
    return Table(headers, rows, frozenset(headers[:2]))


def _explained(board: Board, shared: list[SharedRows]) -> Iterator[str]:
    if shared:
        yield (
            "- **pairs dropped**: training rows whose text or pair of texts, in either order, is an "
            "evaluation row; **sentences shared**: evaluation rows that hold a text which also stands in a "
            "training row, character by character; **similar**: the same without case, punctuation and kinds "
            "of character (Unicode NFKC). Row i of a corpus is the same item in all its languages."
        )
    nothing = _nothing_shared(board)
    if nothing:
        yield f"- Nothing is shared by: {'; '.join(nothing)}."


def _nothing_shared(board: Board) -> list[str]:
    groups: dict[tuple[str, str], list[SharedRows]] = {}
    for part in board.overlap:
        if not _is_shared(part):
            groups.setdefault((part.training, part.corpus), []).append(part)
    return [
        f"{inline(training)} and {inline(corpus)} ({', '.join(inline(part.language) for part in parts)})"
        for (training, corpus), parts in groups.items()
    ]


DATA = DataSection()

"""Numbers that others published, as the last part of a page, marked as not of this project."""

from collections.abc import Iterator, Sequence

from harness.report.blocks import Block, Heading, Markup
from harness.report.notation import EMPTY, inline
from harness.report.publication import Publication
from harness.report.section import BoardSection, Nothing, Results
from harness.report.table import Table
from harness.results.board import EvaluatedLanguage
from harness.results.reported import ReportedRow


class ReportedSection(BoardSection[Nothing]):
    """Numbers that others published of the same targets."""

    name, place, model = "reported", 1700, Nothing

    def compute(self, results: Results) -> Nothing:
        """Return nothing: they are read from a file, not computed."""
        return Nothing()

    def blocks(self, data: Nothing, publication: Publication) -> Iterator[Block]:
        """Yield the tables of each target that has some, and their sources."""
        for target, columns in publication.board.languages.items():
            rows = [row for row in publication.reported if row.target == target]
            if rows:
                yield Heading(f"Reported elsewhere: {target}", 2)
                yield from map(Markup, _paragraphs(columns, rows))


def _paragraphs(columns: Sequence[EvaluatedLanguage], rows: list[ReportedRow]) -> Iterator[str]:
    """Yield the languages of the target's own table, the averages, and the sources below."""
    sources = list(dict.fromkeys(row.source for row in rows))
    yield (
        "> **Not results of this project.** Printed as published, with other training data, "
        "checkpoints and choices; not comparable line by line. An average is over all languages that its "
        "source has, not over those shown here."
    )
    by_language = [row for row in rows if row.languages]
    if by_language:
        yield _by_language(columns, by_language, sources).render()
    averages = [row for row in rows if not row.languages]
    if averages:
        yield _averages(averages, sources).render()
    yield "\n".join(f"- ({number}) {inline(source)}" for number, source in enumerate(sources, 1))


def _by_language(columns: Sequence[EvaluatedLanguage], rows: list[ReportedRow], sources: list[str]) -> Table:
    own = dict.fromkeys(column.language for column in columns)
    codes = [code for code in own if any(code in row.languages for row in rows)]
    headers = ("model", *map(inline, codes), "average", "languages", "source")
    cells = tuple(
        (
            inline(row.model),
            *(f"{row.languages[code]:.1f}" if code in row.languages else EMPTY for code in codes),
            f"{row.average:.1f}",
            str(len(row.languages)),
            f"({sources.index(row.source) + 1})",
        )
        for row in rows
    )
    return Table(headers, cells, frozenset({"model"}))


def _averages(rows: list[ReportedRow], sources: list[str]) -> Table:
    cells = tuple(
        (inline(row.model), f"{row.average:.1f}", f"({sources.index(row.source) + 1})") for row in rows
    )
    return Table(("model", "average", "source"), cells, frozenset({"model"}))


REPORTED = ReportedSection()

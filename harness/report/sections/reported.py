"""Numbers that others published, as the last part of a page, marked as not of this project."""

from collections.abc import Iterator

from harness.report.notation import EMPTY, inline
from harness.report.sections.target_statistics import TargetStatistics
from harness.report.table import Table
from harness.results.reported import ReportedRow


def reported_section(table: TargetStatistics, reported: tuple[ReportedRow, ...]) -> Iterator[str]:
    """Yield the block of one target: the languages of its own table, the averages, and the sources below."""
    rows = [row for row in reported if row.target == table.target]
    if not rows:
        return
    sources = list(dict.fromkeys(row.source for row in rows))
    yield f"## Reported elsewhere: {inline(table.target)}"
    yield (
        "> **Not results of this project.** Printed as published, with other training data, "
        "checkpoints and choices; not comparable line by line. An average is over all languages that its "
        "source has, not over those shown here."
    )
    by_language = [row for row in rows if row.languages]
    if by_language:
        yield _by_language(table, by_language, sources).render()
    averages = [row for row in rows if not row.languages]
    if averages:
        yield _averages(averages, sources).render()
    yield "\n".join(f"- ({number}) {inline(source)}" for number, source in enumerate(sources, 1))


def _by_language(table: TargetStatistics, rows: list[ReportedRow], sources: list[str]) -> Table:
    own = dict.fromkeys(column.language for column in table.languages)
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

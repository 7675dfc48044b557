"""Numbers that others published, as the last part of a page, marked as not of this project."""

from collections.abc import Iterator

from harness.leaderboard.notation import EMPTY, inline
from harness.leaderboard.reported import ReportedRow
from harness.leaderboard.statistics import TargetStatistics
from harness.leaderboard.table import Table


def reported_section(table: TargetStatistics, reported: tuple[ReportedRow, ...]) -> Iterator[str]:
    """Yield the block of one target: the languages of its own table, the averages, and the sources below."""
    rows = [row for row in reported if row.target == table.target]
    if not rows:
        return
    own = dict.fromkeys(column.language for column in table.languages)
    codes = [code for code in own if any(code in row.languages for row in rows)]
    sources = list(dict.fromkeys(row.source for row in rows))
    yield f"## Reported elsewhere: {inline(table.target)}"
    yield (
        "> **Not results of this project.** Printed as published, with other training data, "
        "checkpoints and choices; not comparable line by line. An average is over all languages that its "
        "source has, not over those shown here."
    )
    headers = ("model", *map(inline, codes), "average", "languages", "source")
    cells = tuple(
        (
            inline(row.model),
            *(f"{row.languages[code]:.1f}" if code in row.languages else EMPTY for code in codes),
            f"{row.average:.1f}",
            str(len(row.languages)) if row.languages else EMPTY,
            f"({sources.index(row.source) + 1})",
        )
        for row in rows
    )
    yield Table(headers, cells, frozenset({"model"})).render()
    yield "\n".join(f"- ({number}) {inline(source)}" for number, source in enumerate(sources, 1))

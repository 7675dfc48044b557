"""What the sections of a leaderboard are made of; each renderer writes every block in its own form."""

from dataclasses import dataclass

from harness.report.table import Table


@dataclass(frozen=True)
class Heading:
    """A heading within a target's part of the page (level 3), or of the page (level 2); plain text."""

    text: str
    level: int = 3


@dataclass(frozen=True)
class Paragraph:
    """Sentences as plain text; the label stands before them in bold."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of plain texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Callout:
    """A list that is set off from the rest; its title, in markdown, says of what."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Tabular:
    """A table.

    Attributes:
        table: Its headers and cells, in markdown.
        title: Of a folded table, and its caption in LaTeX.
        folded: Whether a page shows the title alone until it is opened.
        export: Whether the table also stands in the LaTeX file.
        cuts: Ranges of columns that a page shows as tables of their own, each after the first two columns.
    """

    table: Table
    title: str = ""
    folded: bool = False
    export: bool = False
    cuts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Markup:
    """Markdown that only pages show."""

    text: str


Block = Heading | Paragraph | Bullets | Callout | Tabular | Markup

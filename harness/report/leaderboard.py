"""A published leaderboard as typed data, for scripts and notebooks.

board = harness.read_leaderboard("leaderboards/quickstart.md")
board.rows[0].statistics.average        # mean, sd and n over seeds
board.section("order", "mini_nli")      # what a section published, as its own model
board.to_pandas()                       # the rows; runs and items have the same method
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from harness.errors import UserError
from harness.metrics.item_file import read_published_table
from harness.report.publication import Publication, predictions_path, read_publication
from harness.report.renderers.csv_file import sequence_cells
from harness.report.sections.scores.section import SCORES
from harness.report.sections.scores.statistics import RowStatistics
from harness.results.board import Board

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

R = TypeVar("R", bound=NamedTuple)


class NotPublishedError(UserError):
    """A leaderboard does not hold what was asked for."""


class Row(NamedTuple):
    """One sequence before one target, with its statistics over seeds."""

    target: str
    sequence: str
    order: tuple[str, ...]
    statistics: RowStatistics


class Run(NamedTuple):
    """The score of one run by one metric on one evaluation task; shares are fractions."""

    target: str
    sequence: str
    seed: int
    task: str
    language: str
    metric: str
    score: float
    items: int


class Item(NamedTuple):
    """One item of one run under one metric; the score of a task is Σ numerator / Σ denominator."""

    sequence: str
    seed: int
    task: str
    language: str
    item: str
    cluster: str
    prediction: str
    reference: str
    metric: str
    numerator: float
    denominator: float


class Runs(tuple[Run, ...]):
    """All runs of a leaderboard."""

    __slots__ = ()

    def to_pandas(self) -> "pd.DataFrame":
        """Return a line for each run, evaluation task and metric."""
        import pandas as pd

        return pd.DataFrame(self, columns=Run._fields)


class Items:
    """The item scores of a leaderboard; iterating yields each as an `Item`."""

    def __init__(self, table: "pa.Table") -> None:
        """Take the table of the Parquet file."""
        self.table = table

    def __len__(self) -> int:
        """Return the number of items, runs and metrics counted."""
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Item]:
        """Yield them in the order of the file."""
        for batch in self.table.select(Item._fields).to_batches():
            yield from map(Item._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a line for each item; texts are categories."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame


class Leaderboard:
    """A published leaderboard.

    Attributes:
        path: Its page or JSON file.
        publication: All that its JSON file holds.
    """

    def __init__(self, path: Path, publication: Publication) -> None:
        """Take what was read."""
        self.path, self.publication = path, publication

    @property
    def board(self) -> Board:
        """The results: scores of all runs, data, provenance."""
        return self.publication.board

    @property
    def rows(self) -> tuple[Row, ...]:
        """The sequences target by target, in the order of the page."""
        return tuple(
            Row(target, row.sequence, row.order, row)
            for target in self.board.targets
            if (scores := self.publication.of(SCORES, target)) is not None
            for row in scores.rows
        )

    @property
    def runs(self) -> Runs:
        """The score of every finished run, by every metric."""
        return Runs(self._runs())

    def _runs(self) -> Iterator[Run]:
        for row in self.board.rows:
            languages = {column.task: column.language for column in self.board.languages[row.target]}
            headline = self.board.metrics[row.target][0].name
            for result in row.seeds:
                for metric, scores in {headline: result.scores, **result.secondary}.items():
                    for task, score in scores.items():
                        place = row.target, row.sequence, result.seed, task, languages[task]
                        yield Run(*place, metric, score, result.items[task])

    def items(self) -> Items:
        """Read the item scores beside the page.

        Raises:
            NotPublishedError: The leaderboard was published without.
            PredictionsError: The file is missing or damaged.
        """
        if self.publication.predictions is None:
            raise NotPublishedError(f"{self.path}: it was published without item scores; publish it again")
        return Items(read_published_table(predictions_path(self.path, self.publication)))

    def section(self, name: str, target: str | None = None) -> Any:
        """Return what a section published: its model, or the JSON value of one that is not installed.

        Args:
            name: Of the section, as in the JSON file.
            target: For sections that are computed for each target.

        Raises:
            NotPublishedError: It has no such section, or none for this target.
        """
        data = self.publication.sections.get(name)
        if target is not None and isinstance(data, dict):
            data = data.get(target)
        if data is None:
            names = ", ".join(self.publication.sections)
            raise NotPublishedError(f"{self.path}: no section {name!r} for {target!r}; it has {names}")
        return data

    def to_pandas(self) -> "pd.DataFrame":
        """Return a line for each row, with the columns of the CSV file."""
        import pandas as pd

        return pd.DataFrame(sequence_cells(self.publication))


def read_leaderboard(path: str | Path) -> Leaderboard:
    """Read a published leaderboard.

    Args:
        path: Its page (`NAME.md`) or its JSON file; the predictions lie beside it.

    Raises:
        BoardFileError: There is no readable JSON file of that name.
    """
    return Leaderboard(Path(path), read_publication(Path(path)))

"""A section: one statistic or part of a leaderboard, computed from results and shown in every form.

A section is an object of `TargetSection` (computed and shown for each target) or `BoardSection` (once). It is
found by its name in `harness.report.registry`, or by the entry point `xstilts.sections` of another
distribution. What `compute` returns is published in the JSON file under the section's name and recomputed by
`xstilts verify`; what the other methods return is what pages, terminal, CSV and LaTeX show of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import TypeAdapter

from harness.frozen_model import FrozenModel
from harness.metrics.item_scores import Predictions
from harness.report.blocks import Block
from harness.results.board import Board

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.report.publication import Publication

D = TypeVar("D", bound=FrozenModel)
T = TypeVar("T")
Cell = str | int | float | None


class Nothing(FrozenModel):
    """The data of a section that only shows what the board or other sections hold."""


@dataclass(frozen=True)
class Drawable:
    """A picture of a section.

    Attributes:
        kind: Part of its files' names: lower-case letters, digits and hyphens.
        text: What it shows, for those who do not see it.
        draw: Draws it; None where there is nothing to see.
    """

    kind: str
    text: str
    draw: Callable[[], "Figure | None"]


class Results:
    """What sections are computed from; what several of them need is computed once.

    Attributes:
        board: The scores of all runs.
        predictions: The item scores of all evaluations; None where a leaderboard is published without.
    """

    def __init__(self, board: Board, predictions: Predictions | None) -> None:
        """Take the results."""
        self.board, self.predictions = board, predictions
        self._sections: dict[tuple[str, str], Any] = {}
        self._shared: dict[tuple[object, str], Any] = {}

    def of(self, section: "TargetSection[D]", target: str) -> D | None:
        """Return the data of a section for a target."""
        key = section.name, target
        if key not in self._sections:
            self._sections[key] = section.compute(self, target)
        found: D | None = self._sections[key]
        return found

    def shared(self, make: Callable[["Results", str], T], target: str) -> T:
        """Return what `make` returns for a target; it is called once."""
        key = make, target
        if key not in self._shared:
            self._shared[key] = make(self, target)
        found: T = self._shared[key]
        return found

    def release(self) -> None:
        """Drop what is shared but no section's data: item scores take the most memory."""
        self._shared.clear()


class Section(ABC, Generic[D]):
    """What both sorts of sections have.

    Attributes:
        name: Its key in the JSON file: lower-case letters, digits and underscores.
        place: Sections stand on the page by rising places; those of xstilts have multiples of 50.
        model: The type of its data.
        brief: Whether the terminal shows it at the end of a run (and not only in `xstilts analyze`).
    """

    name: str
    place: int
    model: type[D]
    brief: bool = False

    @abstractmethod
    def publish(self, results: Results) -> Any:
        """Return what the JSON file holds of the section."""

    @abstractmethod
    def parse(self, content: Any) -> Any:
        """Return what was read from a JSON file as typed data.

        Raises:
            ValidationError: it is not what the section publishes.
        """

    def notes(self, publication: "Publication") -> Iterator[str]:
        """Yield, in markdown, how to read what the section shows; lines of one list on the page."""
        yield from ()


class TargetSection(Section[D]):
    """A section that is computed and shown for each target."""

    @abstractmethod
    def compute(self, results: Results, target: str) -> D | None:
        """Return the data of a target; None where there is nothing to say.

        Raises:
            PredictionsError: The predictions of two rows are on other items.
        """

    @abstractmethod
    def blocks(self, data: D, publication: "Publication", target: str) -> Iterator[Block]:
        """Yield what the page says of a target."""

    def pictures(self, data: D, publication: "Publication", target: str) -> Iterator[Drawable]:
        """Yield the pictures that follow it."""
        yield from ()

    def columns(self, data: D) -> Mapping[str, Mapping[str, Cell]]:
        """Return sequence -> column -> cell: what the section adds to the lines of the CSV file."""
        return {}

    def publish(self, results: Results) -> dict[str, D]:
        """Return target -> data."""
        found = ((target, results.of(self, target)) for target in results.board.targets)
        return {target: data for target, data in found if data is not None}

    def parse(self, content: Any) -> dict[str, D]:
        """Return target -> data.

        Raises:
            ValidationError: it is not what the section publishes.
        """
        found: dict[str, D] = TypeAdapter(dict[str, self.model]).validate_python(content)  # type: ignore[name-defined]
        return found


class BoardSection(Section[D]):
    """A section that is computed and shown once.

    Attributes:
        above: Whether it stands above the targets, not below them.
    """

    above: bool = False

    @abstractmethod
    def compute(self, results: Results) -> D | None:
        """Return its data; None where there is nothing to say."""

    @abstractmethod
    def blocks(self, data: D, publication: "Publication") -> Iterator[Block]:
        """Yield what the page says."""

    def pictures(self, data: D, publication: "Publication") -> Iterator[Drawable]:
        """Yield the pictures that follow it."""
        yield from ()

    def publish(self, results: Results) -> D | None:
        """Return its data."""
        return self.compute(results)

    def parse(self, content: Any) -> D | None:
        """Return its data.

        Raises:
            ValidationError: it is not what the section publishes.
        """
        return None if content is None else self.model.model_validate(content)

"""The content of a leaderboard's JSON file: the results, and what the sections make of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, ValidationError, field_validator

from harness.frozen_model import FrozenModel
from harness.message_text import in_short
from harness.metrics.item_file import LAST_OF_FIRST_FORMAT
from harness.metrics.item_scores import Predictions
from harness.registry import UnknownNameError
from harness.report.registry import SECTIONS, in_order
from harness.report.section import BoardSection, D, Results, Section, TargetSection
from harness.results.board import Board
from harness.results.json_file import BoardFileError, read_json
from harness.results.reported import ReportedRow

FORMAT: Literal["xstilts-leaderboard-3"] = "xstilts-leaderboard-3"
_FIRST_FORMAT, _SECOND_FORMAT = "xstilts-leaderboard-1", "xstilts-leaderboard-2"
_START = 100


class StoredPredictions(FrozenModel):
    """The parquet file beside the page."""

    file: str
    sha256: str
    count: int


class Picture(FrozenModel):
    """A picture beside the page, as SVG and PNG, with the sha256 of both files; the target's, or no one's."""

    section: str
    target: str | None
    text: str
    svg: str
    png: str
    svg_sha256: str
    png_sha256: str


class Inputs(FrozenModel):
    """What the numbers of a leaderboard are computed from.

    Attributes:
        reported: Numbers of others.
        predictions: The file that holds the item scores.
    """

    format: str
    board: Board
    reported: tuple[ReportedRow, ...]
    predictions: StoredPredictions | None


class Publication(Inputs):
    """A leaderboard's JSON file; its page is made from this alone.

    Attributes:
        sections: Name -> what the section published: data, or target -> data. What a section of a
            distribution that is not installed published stays as it was read.
        drawn_with: What the bytes of the pictures depend on apart from the numbers.
        sequence_link: The sequence file as seen from the page's folder, None where it lies elsewhere.
    """

    format: Literal["xstilts-leaderboard-3"] = FORMAT
    sections: dict[str, Any]
    pictures: tuple[Picture, ...] = ()
    drawn_with: str | None = None
    sequence_link: str | None = None

    @field_validator("sections", mode="after")
    @classmethod
    def _typed(cls, sections: dict[str, Any]) -> dict[str, Any]:
        return {name: _parsed(name, content) for name, content in sections.items()}

    def of(self, section: TargetSection[D], target: str) -> D | None:
        """Return the data of a section for a target."""
        found: D | None = self.sections.get(section.name, {}).get(target)
        return found

    def once(self, section: BoardSection[D]) -> D | None:
        """Return the data of a section of the whole leaderboard."""
        found: D | None = self.sections.get(section.name)
        return found

    def shown(self) -> Iterator[Section[Any]]:
        """Yield the sections in the order of the page, but those that are not installed."""
        yield from in_order(name for name in self.sections if name in SECTIONS.names())


class OldFormatError(BoardFileError):
    """A leaderboard is of an earlier format, in which its numbers cannot be verified."""


def read_publication(page: Path) -> Publication:
    """Read a leaderboard, given its page or its JSON file.

    Raises:
        BoardFileError: There is no readable JSON file of that name.
    """
    require_file_name(page)
    return load_publication(_data_file(page))


def load_publication(path: Path) -> Publication:
    """Read a leaderboard's JSON file.

    Raises:
        OldFormatError: It is of an earlier format.
        BoardFileError: It is missing or not a leaderboard.
    """
    match _format(path):
        case "xstilts-leaderboard-1":
            raise OldFormatError(
                f"{path}: its format is read by xstilts up to commit {LAST_OF_FIRST_FORMAT} (all scores "
                "were accuracies). Check that commit out to verify it, or publish the leaderboard again with "
                "`xstilts run`."
            )
        case "xstilts-leaderboard-2":
            raise OldFormatError(
                f"{path}: its format is older than this version of xstilts. `xstilts merge {path.name} "
                "--leaderboards FOLDER` writes the leaderboard in the present format, with the same scores."
            )
        case _:
            return read_json(Publication, path)


class _InputsFile(Inputs):
    """A leaderboard's JSON file of which only the inputs are read, whatever its sections hold."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["xstilts-leaderboard-2", "xstilts-leaderboard-3"]


def read_inputs(page: Path) -> Inputs:
    """Read what the numbers of a leaderboard are computed from, also where other versions computed them.

    Args:
        page: Its page or its JSON file.

    Raises:
        BoardFileError: There is no readable JSON file of that name, or it is of the first format.
    """
    require_file_name(page)
    path = _data_file(page)
    return load_publication(path) if _format(path) == _FIRST_FORMAT else read_json(_InputsFile, path)


def _data_file(page: Path) -> Path:
    return page if page.suffix == ".json" else page.with_suffix(".json")


def _format(path: Path) -> str | None:
    """Return the name of an earlier format that the file starts with, if it does."""
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        return None
    formats = (_FIRST_FORMAT, _SECOND_FORMAT)
    return next((name for name in formats if f'"{name}"'.encode() in start), None)


def require_file_name(page: Path) -> None:
    """Check that a path could be a leaderboard's.

    Raises:
        BoardFileError: It ends in no name, as `.` and `/` do.
    """
    if not page.name or "\0" in page.name:
        raise BoardFileError(f"{in_short(str(page))}: that is no leaderboard's page and no JSON file")


def predictions_path(page: Path, inputs: Inputs) -> Path:
    """Return where the predictions of a page lie, whatever its JSON file calls them."""
    return page.with_name(f"{inputs.board.name}.predictions.parquet")


def compile_publication(
    board: Board,
    predictions: Predictions | None,
    *,
    stored: StoredPredictions | None = None,
    sequence_link: str | None = None,
    reported: tuple[ReportedRow, ...] = (),
    names: Iterable[str] | None = None,
) -> Publication:
    """Compute every number of a leaderboard.

    Args:
        board: The results.
        predictions: Their item scores.
        stored: The file of the item scores.
        sequence_link: The sequence file as seen from the page's folder.
        reported: Numbers of others.
        names: Of the sections; all that are installed where None.

    Raises:
        PredictionsError: The predictions of two rows are on other items.
        UnknownNameError: There is no section of a name.
    """
    results = Results(board, predictions)
    sections = in_order(SECTIONS.names() if names is None else names)
    for target in board.targets:
        for section in sections:
            if isinstance(section, TargetSection):
                results.of(section, target)
        results.release()
    return Publication(
        board=board,
        sections={section.name: section.publish(results) for section in sections},
        predictions=stored,
        sequence_link=sequence_link,
        reported=reported,
    )


def _parsed(name: str, content: Any) -> Any:
    try:
        section = SECTIONS.get(name)
    except UnknownNameError:
        return content
    try:
        return section.parse(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, (name, *first['loc'])))}: {first['msg']}") from error

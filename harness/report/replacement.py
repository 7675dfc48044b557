"""No leaderboard takes the place of one that holds more; what is replaced on purpose is kept."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import UserError
from harness.message_text import names_in_short
from harness.report.publication import load_publication
from harness.results.board import Board, SeedResult
from harness.results.curves import limited
from harness.results.held_out import merged
from harness.results.json_file import BoardFileError

REPLACED = "replaced"
_KEEP = (
    "Seeds and rows are added by running them too (--add-seeds); --leaderboards FOLDER or another `name:` "
    "writes beside it; --replace writes over it all the same, and keeps a dated copy"
)


class LessThanPublishedError(UserError):
    """What would be written holds less than the leaderboard that is there."""

    page = "how-to/publish.md"


class NothingToPublishError(UserError):
    """There is no result, so that the leaderboard would be empty."""


def published_board(data: Path) -> Board | None:
    """Return the board of a leaderboard's JSON file; None where there is none, or none that can be read."""
    try:
        return load_publication(data).board if data.is_file() else None
    except BoardFileError:
        return None


def refuse_less(board: Board, data: Path) -> None:
    """Refuse to write a board over one that has more rows, seeds or items, or other settings.

    Args:
        board: What would be written.
        data: JSON file of the leaderboard of that name.

    Raises:
        LessThanPublishedError: names what would be lost.
    """
    before = published_board(data)
    if before is None:
        if data.is_file():
            raise LessThanPublishedError(
                f"{data}: cannot be read as a leaderboard, so it is not known what would be lost. {_KEEP}"
            )
        return
    lost = list(_lost(before, _scored(board)))
    for split in dict.fromkeys(
        before.provenance.split_of(target)
        for target in before.targets
        if before.provenance.split_of(target) != board.provenance.split_of(target)
    ):
        lost.append(f"it was scored on the {split} split")
    if lost:
        raise LessThanPublishedError(f"{data.with_suffix('.md')} was not written: {'; '.join(lost)}. {_KEEP}")


def refuse_less_planned(name: str, planned: Mapping[tuple[str, int], str], data: Path) -> None:
    """Refuse a run, before it trains anything, whose leaderboard `refuse_less` would refuse.

    Args:
        name: Of the leaderboard.
        planned: Sequence as it is shown, and seed -> digest of the target stage.
        data: JSON file of the leaderboard of that name.

    Raises:
        LessThanPublishedError: names what would be lost.
    """
    before = published_board(data)
    if before is None:
        return
    lost = list(_lost_rows(before, planned))
    if lost:
        raise LessThanPublishedError(
            f"{name}: {data.with_suffix('.md')} holds more: {'; '.join(lost)}. {_KEEP}"
        )


def with_known_stages(board: Board, data: Path) -> Board:
    """Return a board with what the one that it replaces knows of stages that no store has any more.

    An evaluation is the same by its digest, and so are the stages that led to it: their checksums, times and
    curves stay true when their folders are removed.

    Args:
        board: What is to be written.
        data: JSON file of the leaderboard of that name.
    """
    before = published_board(data)
    known = {place: one for place, one in _scored(before).items() if one.manifests} if before else {}
    rows = tuple(
        row.model_copy(
            update={
                "seeds": tuple(_with_stages(one, known.get((row.sequence, one.seed))) for one in row.seeds)
            }
        )
        for row in board.rows
    )
    if before is None or rows == board.rows:
        return board
    settings = {one.stage: one for one in before.settings if one.from_manifests}
    return board.model_copy(
        update={
            "rows": rows,
            "curves": limited((*before.curves, *board.curves)),
            "held_out": merged((*board.held_out, *before.held_out)),
            "settings": tuple(
                one if one.from_manifests else settings.get(one.stage, one) for one in board.settings
            ),
            "compute": max(
                filter(None, (board.compute, before.compute)), key=lambda one: one.stages, default=None
            ),
        }
    )


def _with_stages(result: SeedResult, before: SeedResult | None) -> SeedResult:
    """Return a result with the stages that an earlier publication of the same evaluation knew, if any."""
    if before is None or before.evaluation_digest != result.evaluation_digest:
        return result
    if not before.manifests.keys() > result.manifests.keys():
        return result
    kept = ("manifests", "train_seconds", "weights", "notes")
    return result.model_copy(update={name: getattr(before, name) for name in kept})


def refuse_nothing(board: Board) -> None:
    """Refuse a board without any result.

    Raises:
        NothingToPublishError: it has none.
    """
    if not _scored(board):
        raise NothingToPublishError(
            f"{board.name}: the store holds no evaluation of it, so its leaderboard would be empty; name the "
            "store by --store, give the options with which it was run, or run it first: "
            f"{board.provenance.command}"
        )


def keep_copy(folder: Path, name: str) -> Path | None:
    """Copy the files of a leaderboard that will be replaced to `replaced/TIME/`; return that folder."""
    files = [path for path in folder.glob(f"{name}.*") if path.is_file()]
    if not files:
        return None
    copy = folder / REPLACED / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}"
    copy.mkdir(parents=True)
    for path in files:
        shutil.copy2(path, copy / path.name)
    return copy


def _scored(board: Board) -> dict[tuple[str, int], SeedResult]:
    return {(row.sequence, one.seed): one for row in board.rows for one in row.seeds if one.scores}


def _lost(before: Board, after: Mapping[tuple[str, int], SeedResult]) -> Iterator[str]:
    """Yield what a board has that results lack."""
    known = {place: result.stage_digest or "" for place, result in after.items()}
    yield from _lost_rows(before, known)
    both = [(result, after[place]) for place, result in _scored(before).items() if place in after]
    others = [
        old
        for old, new in both
        if old.evaluation_digest not in (None, new.evaluation_digest) and new.items == old.items
    ]
    if others:
        yield "it was scored with another precision, split or data"
    fewer = {task for old, new in both for task, items in old.items.items() if new.items.get(task, 0) < items}
    if fewer:
        yield f"it was scored on more items or languages ({names_in_short(sorted(fewer))})"


def _lost_rows(before: Board, known: Mapping[tuple[str, int], str]) -> Iterator[str]:
    there = _scored(before)
    missing = [place for place in there if place not in known]
    seeds = {seed for _, seed in missing} - {seed for _, seed in known}
    rows = {sequence for sequence, _ in missing} - {sequence for sequence, _ in known}
    others = [f"{sequence} (seed {seed})" for sequence, seed in missing if seed not in seeds]
    if seeds:
        yield f"it has seed {_numbers(seeds)}, which this has not"
    if rows:
        yield f"it has the rows {names_in_short(sorted(rows))}, which this has not"
    elif others:
        yield f"it has results of {names_in_short(others)}, which this has not"
    changed = [
        sequence
        for (sequence, seed), result in there.items()
        if (sequence, seed) in known and result.stage_digest not in (None, known[sequence, seed])
    ]
    if changed:
        names = names_in_short(dict.fromkeys(changed))
        yield f"it was made with other settings, model or data ({names})"


def _numbers(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))

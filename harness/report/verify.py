"""Recompute a published leaderboard from its stored predictions and name what is not as published."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.metrics.item_file import read_predictions
from harness.metrics.item_scores import Predictions, PredictionsError
from harness.registry import UnknownNameError
from harness.report.index import INDEX, INDEX_PAGE, index_page_rows, index_rows
from harness.report.kept_check import check_kept_files
from harness.report.pictures.picture import draw_pictures, drawing_software
from harness.report.publication import (
    OldFormatError,
    Publication,
    compile_publication,
    load_publication,
    require_file_name,
)
from harness.report.publish import rendered_files
from harness.report.registry import BUILT_IN, SECTIONS
from harness.report.section import TargetSection
from harness.report.sections.provenance import content_digest
from harness.report.table import Table
from harness.report.text_difference import compare_texts
from harness.results.board import Board
from harness.results.difference import Difference, compare_trees, count_numbers, display
from harness.results.json_file import BoardFileError, canonical_json
from harness.results.recomputed_scores import ScoreMismatch, item_score_faults, with_recomputed_scores
from harness.results.store_check import check_store

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_ENDINGS = (
    ".seeds.csv",
    ".narrow.tex",
    ".bib",
    ".md",
    ".json",
    ".predictions.parquet",
    ".html",
    ".csv",
    ".tex",
)


@dataclass
class Verification:
    """What was recomputed, and every place where it is not what was published.

    Attributes:
        page: The markdown page.
        predictions: Predictions read.
        numbers: Numbers of the JSON file that were recomputed.
        differences: All of them; none means that the leaderboard holds.
    """

    page: Path
    predictions: int = 0
    numbers: int = 0
    differences: list[Difference] = field(default_factory=list)

    def differ(self, file: Path, row: str, column: str, published: object, recomputed: object) -> None:
        """Add a difference."""
        self.differences.append(Difference(file.name, row, column, display(published), display(recomputed)))


def leaderboards_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the leaderboards that are named: all of a folder, and no index, which is checked with each.

    Raises:
        BoardFileError: A folder holds none.
    """
    for path in paths:
        if path.is_dir():
            found = [data for data in sorted(path.glob("*.json")) if data.with_suffix(".md").is_file()]
            if not found:
                raise BoardFileError(f"{path}: there is no leaderboard in this folder; name a page")
            yield from found
        elif path.name != INDEX:
            yield path


def verify(path: Path, stores: Sequence[Path] = ()) -> Verification:
    """Check a leaderboard, given its page, its JSON file, or either without the ending.

    Args:
        path: The leaderboard.
        stores: Folders of stores whose manifests and files are to be held to what was published of them.

    Raises:
        BoardFileError: There is no leaderboard of that name, or it is of the first format.
    """
    require_file_name(path)
    base = path.name
    for ending in _ENDINGS:
        base = base.removesuffix(ending)
    page, data = path.with_name(f"{base}.md"), path.with_name(f"{base}.json")
    result = Verification(page)
    if not data.is_file():
        raise BoardFileError(
            f"{path}: there is no {data.name} beside it to verify; name a leaderboard's page"
        )
    try:
        publication = load_publication(data)
    except OldFormatError:
        raise
    except BoardFileError as error:
        result.differ(data, "", "content", "unreadable", str(error))
        return result
    _check_json_text(result, data, publication)
    recomputed = _recompute(result, data, publication)
    if recomputed is not None:
        pictures = _check_pictures(result, recomputed)
        _check_texts(result, recomputed, pictures)
        _check_index(result, recomputed)
        _check_json_digest(result, data, publication)
    result.differences += check_kept_files(publication.board, data.name)
    if stores:
        result.differences += check_store(publication.board, stores)
    return result


def _check_json_text(result: Verification, data: Path, publication: Publication) -> None:
    text, expected = data.read_text(encoding="utf-8"), canonical_json(publication)
    if text != expected:
        result.differences += compare_texts(data.name, text, expected)
    if data.stem != publication.board.name:
        result.differ(data, "", "board.name", publication.board.name, data.stem)


def _recompute(result: Verification, data: Path, publication: Publication) -> Publication | None:
    """Compute the publication again; None where the predictions do not allow it."""
    predictions: Predictions | None = None
    if publication.predictions is not None:
        predictions = _read_stored(result, data, publication)
        if predictions is None:
            return None
    elif any(result_.scores for row in publication.board.rows for result_ in row.seeds):
        result.differ(data, "", "predictions", "none are stored", "needed to recompute the scores")
    board = publication.board
    if predictions is not None:
        board, mismatches = with_recomputed_scores(board, predictions)
        for mismatch in mismatches:
            place = f"{mismatch.sequence}, seed {mismatch.seed}"
            if mismatch.published != mismatch.recomputed:
                column = _column(board, mismatch)
                result.differ(data, place, column, mismatch.published, mismatch.recomputed)
            if mismatch.items_published != mismatch.items_recomputed:
                column = f"{mismatch.task} items"
                result.differ(data, place, column, mismatch.items_published, mismatch.items_recomputed)
        if any(None in (mismatch.published, mismatch.recomputed) for mismatch in mismatches):
            return None
    # A section of a distribution that was installed after the leaderboard was published is not missing.
    names = [*BUILT_IN, *(name for name in publication.sections if name not in BUILT_IN)]
    try:
        again = compile_publication(
            board,
            predictions,
            stored=publication.predictions,
            sequence_link=publication.sequence_link,
            reported=publication.reported,
            names=names,
        ).model_copy(update={"pictures": publication.pictures, "drawn_with": publication.drawn_with})
    except PredictionsError as error:
        result.differ(data, "", "predictions", "parallel items", str(error))
        return None
    except UnknownNameError as error:
        result.differ(data, "", "sections", "a section that cannot be recomputed", str(error))
        return None
    old, new = (content.model_dump(mode="json", include={"sections"}) for content in (publication, again))
    result.numbers += count_numbers(new)
    result.differences += _differences(data.name, old["sections"], new["sections"])
    seeds = [seed for row in board.rows for seed in row.seeds]
    result.numbers += sum(len(scores) for seed in seeds for scores in (seed.scores, *seed.secondary.values()))
    return again


def _differences(file: str, published: dict[str, Any], recomputed: dict[str, Any]) -> Iterator[Difference]:
    """Compare what sections published, target by target where they are computed so."""
    for name in {**recomputed, **published}:
        old, new = published.get(name), recomputed.get(name)
        if isinstance(SECTIONS.get(name), TargetSection) and isinstance(old, dict) and isinstance(new, dict):
            for target in {**new, **old}:
                yield from compare_trees(file, old.get(target), new.get(target), name, target)
        else:
            yield from compare_trees(file, old, new, name)


def _read_stored(result: Verification, data: Path, publication: Publication) -> Predictions | None:
    stored = publication.predictions
    if stored is None:
        return None
    path = data.with_name(f"{publication.board.name}.predictions.parquet")
    if stored.file != path.name:
        result.differ(data, "", "predictions.file", stored.file, path.name)
    try:
        predictions = read_predictions(path)
    except (PredictionsError, ValueError) as error:
        result.differ(path, "", "content", "unreadable", str(error))
        return None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != stored.sha256:
        result.differ(path, "", "sha256", stored.sha256, digest)
    result.predictions = sum(
        len(task) * len(task.scores) for tasks in predictions.values() for task in tasks.values()
    )
    if result.predictions != stored.count:
        result.differ(path, "", "count", stored.count, result.predictions)
    known = {(row.sequence, seed.seed) for row in publication.board.rows for seed in row.seeds}
    for sequence, seed in predictions.keys() - known:
        result.differ(path, f"{sequence}, seed {seed}", "row", "not on the leaderboard", "has predictions")
    for (sequence, seed), tasks in predictions.items():
        for name, items in tasks.items():
            for metric, fault in item_score_faults(items):
                result.differ(path, f"{sequence}, seed {seed}", f"{name}: {metric}", "item scores", fault)
    return predictions


def _column(board: Board, mismatch: ScoreMismatch) -> str:
    row = next(row for row in board.rows if row.sequence == mismatch.sequence)
    headline = board.metrics[row.target][0].name
    return mismatch.task if mismatch.metric == headline else f"{mismatch.task}: {mismatch.metric}"


def _check_pictures(result: Verification, recomputed: Publication) -> dict[str, bytes]:
    """Compare the pictures with their digests, and with newly drawn ones where the software is the same.

    Returns:
        SVG file name -> content, of those that are there.
    """
    found: dict[str, bytes] = {}
    for picture in recomputed.pictures:
        for file, digest in ((picture.svg, picture.svg_sha256), (picture.png, picture.png_sha256)):
            path = result.page.with_name(Path(file).name)
            content = path.read_bytes() if path.is_file() else None
            actual = hashlib.sha256(content).hexdigest() if content is not None else "missing"
            if actual != digest:
                result.differ(path, "", "sha256", digest, actual)
            if content is not None and file == picture.svg:
                found[file] = content
    if recomputed.drawn_with in (None, drawing_software()):
        name = recomputed.board.name
        again = tuple(drawing.picture for drawing in draw_pictures(recomputed))
        old, new = ([picture.model_dump() for picture in part] for part in (recomputed.pictures, again))
        result.differences += compare_trees(f"{name}.json", old, new, "pictures")
    return found


def _check_texts(result: Verification, recomputed: Publication, pictures: dict[str, bytes]) -> None:
    """Compare the page and the exports with newly rendered ones."""
    for file, expected in rendered_files(recomputed, pictures).items():
        path = result.page.with_name(file)
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            result.differences += compare_texts(file, text, expected)
        else:
            result.differ(path, "", "file", "missing", "a page" if path == result.page else "an export")


def _check_json_digest(result: Verification, data: Path, publication: Publication) -> None:
    """Name the JSON file where no page prints its digest, so that a change in it is attributed to it.

    What is only recorded (times, digests, versions) cannot be recomputed: then the pages differ from what
    the JSON file says, and their printed digest tells which of them was changed.
    """
    if any(difference.file == data.name for difference in result.differences):
        return
    printed: dict[str, set[str]] = {}
    for ending in (".md", ".html"):
        path = result.page.with_suffix(ending)
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        printed[ending] = set(_DIGEST.findall(text))
    digest = content_digest(publication)
    if any(digest in digests for digests in printed.values()):
        return
    others = sorted(printed[".md"] & printed[".html"]) or ["none"]
    result.differ(data, "", "sha256", ", ".join(others), digest)


def _check_index(result: Verification, recomputed: Publication) -> None:
    """Look for the leaderboard's own lines in the index, whatever widths the other lines give it."""
    index = result.page.with_name(INDEX)
    text = index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""
    lines = {tuple(Table.cells(line)) for line in text.splitlines()}
    for row in index_rows(recomputed):
        if tuple(row) not in lines:
            result.differ(index, row[0], row[2], "missing or other", " | ".join(row[3:]))
    page = result.page.with_name(INDEX_PAGE)
    text = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    if index_page_rows(recomputed) not in text:
        result.differ(page, recomputed.board.name, "", "missing or other", "its lines")

"""Hold the entries of a store to what was published of them: manifests, scores, and every file's checksum."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.evaluation.job import EVALUATIONS, EvaluationManifest
from harness.results.board import Board, SeedResult
from harness.results.difference import Difference
from harness.store.integrity import MANIFEST, Checksums, entry_faults
from harness.store.layout import Layout
from harness.store.manifest import Manifest
from harness.training.manifest import STAGES

# Published scores are exact quotients; lm-eval's may differ in their last bits.
_SAME_SCORE = 1e-9
_MODELS = {EVALUATIONS.folder: EVALUATIONS.model, STAGES.folder: STAGES.model}


def check_store(board: Board, stores: Sequence[Path]) -> Iterator[Difference]:
    """Yield where the entries that made a leaderboard are not what they were, entry by entry.

    A manifest is held to the sha256 that was published, and each of the entry's files to its manifest.

    Args:
        board: The published results.
        stores: Folders of the stores that hold the entries; nothing is written to them.

    Raises:
        StoreError: Another version of xstilts made one of the stores.
    """
    layouts = [Layout(store.expanduser().absolute()) for store in stores]
    for layout in layouts:
        if layout.marker.is_file():
            layout.require_format()
    checked: dict[str, str] = {}
    checksums = Checksums()
    for row in board.rows:
        for result in row.seeds:
            place = f"{row.sequence}, seed {result.seed}"
            if result.scores and not result.manifests:
                yield Difference("store", place, "manifests", "no sha256 published", "needed")
            for key, published in result.manifests.items():
                if checked.get(key) == published:
                    continue
                checked[key] = published
                folder = _folder(layouts, key, published)
                yield from _entry(folder, key, published, place, checksums)
                if key.startswith(EVALUATIONS.folder):
                    yield from _scores(folder, key, result, place)


def _folder(layouts: Sequence[Layout], key: str, published: str) -> Path:
    """Return the entry of that manifest; where no store has it, the first entry of its digest."""
    kind, digest = key.split("/")
    folders = [layout.entry(kind, digest) for layout in layouts]
    present = [folder for folder in folders if (folder / MANIFEST).is_file()]
    same = [folder for folder in present if _sha256(folder / MANIFEST) == published]
    return [*same, *present, *folders][0]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _entry(folder: Path, key: str, published: str, place: str, checksums: Checksums) -> Iterator[Difference]:
    name = f"{key}/{MANIFEST}"
    manifest = _manifest(folder)
    if not isinstance(manifest, Manifest):
        yield Difference(name, place, "content", "a manifest", manifest)
        return
    actual = _sha256(folder / MANIFEST)
    if actual != published:
        yield Difference(name, place, "sha256", published, actual)
    for fault in entry_faults(folder, manifest, checksums):
        file = f"{key}/{fault.path.relative_to(folder).as_posix()}"
        yield Difference(file, place, "content", "as its manifest says", fault.problem)


def _manifest(folder: Path) -> Manifest | str:
    """Return an entry's manifest, or why there is none."""
    try:
        return _MODELS[folder.parent.name].model_validate_json((folder / MANIFEST).read_bytes())
    except OSError:
        return "missing"
    except ValidationError as error:
        return f"unreadable ({error.errors()[0]['msg']})"


def _scores(folder: Path, key: str, result: SeedResult, place: str) -> Iterator[Difference]:
    manifest = _manifest(folder)
    if not isinstance(manifest, EvaluationManifest):
        return  # said by its own check
    stored = {score.task: score for score in manifest.result.scores}
    for task, published in result.scores.items():
        found, items = stored.get(task), result.items[task]
        if found is None:
            yield Difference(f"{key}/{MANIFEST}", place, task, str(published), "no score")
        elif abs(found.score - published) > _SAME_SCORE or found.items != items:
            scores = f"{published} on {items} items", f"{found.score} on {found.items} items"
            yield Difference(f"{key}/{MANIFEST}", place, task, *scores)

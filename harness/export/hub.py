"""What a published row's repository holds: its checkpoint, a model card, and the leaderboard beside them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UserError
from harness.export.model_card import LEADERBOARD, ModelCard
from harness.report.publication import read_publication
from harness.reproduction.published_row import PublishedRow, published_row
from harness.store.store import Store
from harness.training.manifest import STAGES


class NoCheckpointError(UserError):
    """The store does not hold the checkpoint of a row."""


def write_model(
    page: Path, number: int, target: str | None, seed: int | None, store: Store, repository: str, folder: Path
) -> PublishedRow:
    """Write into a folder what a repository of a row's model holds.

    Args:
        page: The leaderboard's page or JSON file.
        number: Line of the target's table, from 1.
        target: The table; None: the first.
        seed: None: the first that has scores.
        store: That holds the checkpoint.
        repository: `OWNER/NAME` on the hub.
        folder: Made where it is absent; files of the same names are replaced.

    Raises:
        BoardFileError: There is no readable leaderboard.
        NoSuchRowError: It has no such row, or the row has no scores.
        NoCheckpointError: The store does not hold its weights.
    """
    row = published_row(page, number, target, seed)
    checkpoint = _checkpoint(row, store)
    shutil.copytree(checkpoint, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    board = folder / LEADERBOARD
    board.mkdir(exist_ok=True)
    for file in _family(page, row.board.name):
        shutil.copyfile(file, board / file.name)
    card = ModelCard(read_publication(page), row, repository)
    (folder / "README.md").write_text(card.text(), encoding="utf-8")
    return row


def _checkpoint(row: PublishedRow, store: Store) -> Path:
    """Return the folder of a row's target stage with its head."""
    digest = row.result.stage_digest
    manifest = store.get(STAGES, digest) if digest else None
    folder = (
        None if manifest is None else store.path(STAGES, manifest.digest) / manifest.result.members[0].folder
    )
    if folder is None or not any(folder.glob("*.safetensors")):
        raise NoCheckpointError(
            f"{row.name}: {store.layout.root} does not hold its checkpoint; name the store of its run by "
            "--store, or train the row again by `xstilts reproduce`"
        )
    return folder


def _family(page: Path, name: str) -> Iterator[Path]:
    """Yield the files of a leaderboard."""
    for path in sorted(page.parent.glob(f"{name}.*")):
        if path.is_file():
            yield path

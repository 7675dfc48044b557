"""Pictures that a leaderboard's folder holds already, byte by byte as they would be drawn again.

Drawing takes longer than everything else of publishing. What was drawn from which publication, by which
code and libraries, is noted in the user's cache; a picture is drawn anew where its file is not as noted.
"""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from pydantic import ValidationError

import harness
from harness.atomic_write import atomic_write
from harness.frozen_model import FrozenModel
from harness.report.pictures.picture import Drawing
from harness.report.publication import Picture, Publication
from harness.resources import cache_folder
from harness.results.json_file import canonical_json

_LIBRARIES = ("matplotlib", "numpy", "pillow")


class _Note(FrozenModel):
    """What was drawn last for a leaderboard.

    Attributes:
        content: Digest of what decides how the pictures look.
    """

    content: str
    pictures: tuple[Picture, ...]
    drawn_with: str


def kept_pictures(publication: Publication, folder: Path) -> tuple[list[Drawing], str] | None:
    """Return a leaderboard's pictures from its folder, and what they were drawn with; None: draw them.

    Args:
        publication: The leaderboard without its pictures.
        folder: Where leaderboards lie.
    """
    try:
        note = _Note.model_validate_json(_path(publication, folder).read_bytes())
        if note.content != _content(publication):
            return None
        drawings = [
            Drawing(one, (folder / one.svg).read_bytes(), (folder / one.png).read_bytes())
            for one in note.pictures
        ]
    except (OSError, ValidationError):
        return None
    for one in drawings:
        found = (hashlib.sha256(one.svg).hexdigest(), hashlib.sha256(one.png).hexdigest())
        if found != (one.picture.svg_sha256, one.picture.png_sha256):
            return None
    return drawings, note.drawn_with


def note_pictures(
    publication: Publication, folder: Path, drawings: Sequence[Drawing], drawn_with: str
) -> None:
    """Note what was drawn from a publication without its pictures, where the cache can be written to."""
    path = _path(publication, folder)
    pictures = tuple(one.picture for one in drawings)
    note = _Note(content=_content(publication), pictures=pictures, drawn_with=drawn_with)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as draft:
            draft.write_text(note.model_dump_json(), encoding="utf-8")


def _path(publication: Publication, folder: Path) -> Path:
    """Return the file of a leaderboard's note: one for each leaderboard, however often it is published."""
    place = hashlib.sha256(str(folder.resolve() / publication.board.name).encode())
    return cache_folder() / "pictures" / f"{place.hexdigest()[:32]}.json"


def _content(publication: Publication) -> str:
    return hashlib.sha256(f"{_drawn_by()}\n{canonical_json(publication)}".encode()).hexdigest()


@cache
def _drawn_by() -> str:
    """Return what decides how a publication's pictures look: the code, of others' sections too."""
    package = Path(harness.__file__).parent
    code = hashlib.sha256()
    for path in sorted([*package.glob("report/**/*.py"), *package.glob("results/**/*.py")]):
        code.update(path.read_bytes())
    others = importlib.metadata.entry_points(group="xstilts.sections")
    versions = {one.name: f"{one.value} {one.dist.version if one.dist else ''}" for one in others}
    versions |= {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return json.dumps([code.hexdigest(), platform.machine(), versions], sort_keys=True)

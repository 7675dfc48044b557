"""The first of a source's layouts whose file lies below the data folder."""

from collections.abc import Sequence
from pathlib import Path

from harness.data.location import VARIABLE, DataFolders, as_folders, below, contents_beside
from harness.data.sources.folder import read_file
from harness.kinds.columns import SourceColumns
from harness.kinds.sources import FolderSource
from harness.named_path import is_link, is_there


def find_layout(layouts: Sequence[FolderSource], data_dir: DataFolders) -> tuple[FolderSource, Path] | None:
    """Return the first layout whose file is there, with its file; None where none is.

    Raises:
        OutsideDataFolderError: a path leads out of the data folder.
    """
    for layout in layouts:
        for folder in as_folders(data_dir):
            path = below(folder, layout.path)
            if is_there(path):
                return layout, path
    return None


def read_layouts(
    layouts: Sequence[FolderSource],
    needed: tuple[str, ...],
    data_dir: DataFolders,
    skip_bad: bool | None = None,
) -> SourceColumns | str:
    """Read the needed columns of the first layout whose file is there, or say what was looked for.

    Args:
        layouts: The layouts, in order.
        needed: The columns.
        data_dir: The data folder, or None for none.
        skip_bad: See `read_file`.

    Raises:
        UserError: the file is there but faulty (see `harness.data.sources.folder`).
    """
    folders = as_folders(data_dir)
    if not folders:
        paths = " or ".join(layout.path for layout in layouts)
        return f"{paths} below the data folder: none is named by --data-dir or {VARIABLE}"
    found = find_layout(layouts, data_dir)
    if found is not None:
        layout, path = found
        return read_file(path, layout, needed, skip_bad)
    places = [below(folder, layout.path) for folder in folders for layout in layouts]
    ways = [way for place in places for way in (place, *place.parents)]
    nowhere = next((way for way in ways if is_link(way) and not is_there(way)), None)
    if nowhere is not None:
        return f"{nowhere}: a link to something that is not there; correct the link"
    deepest = max(places, key=lambda place: sum(parent.is_dir() for parent in place.parents))
    looked_for = ", ".join(str(place) for place in dict.fromkeys(places))
    top = next(folder for folder in folders if deepest.is_relative_to(folder))
    return f"{looked_for}: no such file; {contents_beside(top, deepest)}"

"""The first of a source's layouts whose file lies below the data folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.location import VARIABLE, DataFolders, as_folders, below, contents_beside
from harness.data.sources.folder import read_file
from harness.data.sources.text_file import MalformedFileError, file_lines, file_text
from harness.errors import UserError
from harness.kinds.columns import SourceColumns, require_columns
from harness.kinds.sources import FolderSource
from harness.named_path import is_link, is_there


class NoGoldError(UserError):
    """Files are there from which what must be found was taken out."""


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
        NoGoldError: the file is there, but its layout is one without what is scored.
        UserError: the file is there but faulty (see `harness.data.sources.folder`).
    """
    folders = as_folders(data_dir)
    if not folders:
        paths = " or ".join(layout.path for layout in layouts)
        return f"{paths} below the data folder: none is named by --data-dir or {VARIABLE}"
    found = find_layout(layouts, data_dir)
    if found is not None:
        layout, path = found
        if layout.without_gold is not None:
            raise NoGoldError(f"{path}: {layout.without_gold}")
        if layout.aligned is not None:
            home = next(folder for folder in folders if below(folder, layout.path) == path)
            return _aligned(path, layout, layout.aligned, needed, home)
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


def _aligned(
    path: Path, layout: FolderSource, others: Mapping[str, str], needed: tuple[str, ...], folder: Path
) -> SourceColumns:
    """Read text files whose lines go together, blank ones too."""
    (own,) = layout.columns or ("text",)
    columns = {own: file_lines(file_text(path))}
    columns |= {name: file_lines(file_text(below(folder, other))) for name, other in others.items()}
    for name, lines in columns.items():
        if len(lines) != len(columns[own]):
            raise MalformedFileError(
                f"{path}: {len(columns[own]):,} lines, but {others[name]} has {len(lines):,}; line i must go "
                "with line i, so take both files from one release"
            )
    require_columns(str(path), list(columns), needed, "Correct the columns that the task names.")
    numbers = range(1, len(columns[own]) + 1)
    kept = {name: columns[name] for name in needed}
    return SourceColumns(kept, str(path), f"folder: {layout.path}", "line", numbers, {})

"""Rows of parquet files, and of folders that datasets' save_to_disk wrote: typed columns with class names."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.sources.text_file import MOST_BYTES, MalformedFileError
from harness.kinds.columns import NAMES_REMEDY, SourceColumns, find_columns
from harness.kinds.sources import FolderSource
from harness.message_text import first_line, in_short, names_in_short
from harness.named_path import is_file

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features

_STATE = "state.json"
_ROWS_AT_ONCE = 1024


def is_saved(path: Path) -> bool:
    """Return whether a path is a folder that save_to_disk wrote, of one split or of several."""
    return path.is_dir() and (is_file(path / _STATE) or is_file(path / "dataset_dict.json"))


def arrow_columns(path: Path, layout: FolderSource, needed: tuple[str, ...]) -> SourceColumns:
    """Return the needed columns of a parquet file, or of an arrow file or folder.

    Integer classes keep the names that the file's own schema gives them.

    Raises:
        MalformedFileError: it is none, is damaged, or holds no rows.
        MissingColumnError: a column is not there.
    """
    import pyarrow as pa

    if path.is_dir() and not is_saved(path):
        inside = names_in_short(sorted(entry.name for entry in path.iterdir())) or "nothing"
        raise MalformedFileError(
            f"{path}: a folder, and none that save_to_disk wrote (it holds {inside}); name a file in 'path'"
        )
    kind = "arrow" if is_saved(path) or layout.format == "arrow" else "parquet"
    wanted = (*needed, *(layout.only or ()))
    try:
        table, found, classes, notes = _read(path, kind, wanted, layout.rename or {})
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = first_line(error)
        raise MalformedFileError(
            f"{path}: not a readable {kind} file ({reason}); download it again, or correct 'format'"
        ) from error
    if table.num_rows == 0:
        raise MalformedFileError(f"{path}: holds no rows; put the data set's file there again")
    return SourceColumns(
        {name: table.column(column).to_pylist() for name, column in found.items()},
        str(path),
        f"folder: {layout.path}",
        "row",
        range(1, table.num_rows + 1),
        {name: classes[column] for name, column in found.items() if column in classes},
        notes=notes,
    )


def _read(
    path: Path, kind: str, wanted: tuple[str, ...], rename: Mapping[str, str]
) -> tuple["pa.Table", dict[str, str], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the wanted columns, their names in the file, the names of its classes, and what to remark."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features

    if kind == "parquet":
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
    else:
        files = [path / name for name in _saved_files(path)] if path.is_dir() else [path]
        schema = _reader(files[0]).schema
    found, notes = find_columns(str(path), schema.names, wanted, rename, NAMES_REMEDY)
    theirs = list(dict.fromkeys(found.values()))
    batches = (
        file.iter_batches(_ROWS_AT_ONCE, columns=theirs) if kind == "parquet" else _batches(files, theirs)
    )
    table = _within_limit(path, batches, pa.schema([schema.field(name) for name in theirs]))
    # A damaged file's offsets and texts are taken as they are until they are asked about.
    table.validate(full=True)
    return table, found, class_names(Features.from_arrow_schema(schema), theirs), notes


def class_names(features: "Features", names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of integer classes, of columns that hold one or a list of them."""
    from datasets import ClassLabel

    entries: dict[str, Any] = {name: getattr(features[name], "feature", features[name]) for name in names}
    return {name: tuple(entry.names) for name, entry in entries.items() if isinstance(entry, ClassLabel)}


def _saved_files(folder: Path) -> list[str]:
    """Return the names of a saved folder's data files, which never lead out of it."""
    if not is_file(folder / _STATE):
        parts = sorted(entry.name for entry in folder.iterdir() if is_saved(entry))
        raise MalformedFileError(
            f"{folder}: holds several splits ({names_in_short(parts)}); name one of them in 'path', such as "
            f"{folder.name}/{parts[0] if parts else 'train'}"
        )
    state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    names = [entry["filename"] for entry in state["_data_files"]]
    strange = [name for name in names if not isinstance(name, str) or Path(name).name != name or name == ".."]
    if strange or not names:
        raise MalformedFileError(
            f"{folder / _STATE}: {in_short(strange[0]) if strange else 'nothing'} is no name of a file of "
            "this folder; save the data set again"
        )
    return names


def _reader(file: Path) -> Any:
    import pyarrow as pa

    source = pa.memory_map(str(file))
    try:
        return pa.ipc.open_stream(source)
    except pa.ArrowInvalid:
        # datasets writes streams; other programs write files that can be read from the end.
        return pa.ipc.open_file(pa.memory_map(str(file)))


def _batches(files: Sequence[Path], columns: list[str]) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    for file in files:
        reader = _reader(file)
        whole = isinstance(reader, pa.ipc.RecordBatchStreamReader)
        for batch in reader if whole else map(reader.get_batch, range(reader.num_record_batches)):
            yield batch.select(columns)


def _within_limit(path: Path, batches: Iterator["pa.RecordBatch"], schema: "pa.Schema") -> "pa.Table":
    """Read columns bit by bit, so that a small file cannot unpack to more than memory holds."""
    import pyarrow as pa

    read, size = [], 0
    for batch in batches:
        # References to one long text are small until they are followed.
        arrays = [
            column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
            for column in batch.columns
        ]
        size += sum(array.nbytes for array in arrays)
        if size > MOST_BYTES:
            raise MalformedFileError(
                f"{path}: unpacks to more than {MOST_BYTES / 2**30:.0f} GiB, which is more than is read at "
                "once; split the data set"
            )
        read.append(pa.RecordBatch.from_arrays(arrays, batch.schema.names))
    return pa.Table.from_batches(read, schema=None if read else schema)

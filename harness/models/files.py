"""The files of a model's folder, which anyone may have written: read as data, within limits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.message_text import in_short, names_in_short

_LARGEST_CONFIG = 20_000_000  # bytes; a classifier of 100,000 named labels has a tenth of that
_LARGEST_NUMBER = 10**12
_MOST_LAYERS = 10_000
_LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "num_decoder_layers")
_LONGEST_HEADER = 100_000_000  # bytes, as safetensors itself allows
INDEX = "model.safetensors.index.json"
MAX_SHARD_BYTES = 1_000_000_000
"""Bytes of one of the files in which a stage's weights are written, unless a single tensor has more."""


class ModelFileError(UserError):
    """A file of a model's folder is missing, damaged, or asks for something that no model needs."""


def read_config(folder: Path) -> dict[str, Any]:
    """Return the content of a model's config.json.

    Raises:
        ModelFileError: it is missing, is no JSON object, is nested too deep, or holds a number beyond reason.
    """
    path = folder / "config.json"
    config = read_json(path)
    for key, value in _numbers(config):
        if abs(value) > (_MOST_LAYERS if key in _LAYERS else _LARGEST_NUMBER):
            raise ModelFileError(f"{path}: {key}: {value:.4g} is beyond what any model has; correct the file")
    return config


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that make up the model of a folder, in order of name.

    Raises:
        ModelFileError: there are none, the index names one that is not there or not in the folder, or is no
            index.
    """
    single, index = folder / "model.safetensors", folder / INDEX
    names = [single.name]
    if not single.is_file() and index.is_file():
        names = sorted(set(weight_map(folder).values()))
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        named = f"{INDEX} names {len(names)} files, and of these" if len(names) > 1 else "of its weights"
        raise ModelFileError(
            f"model {folder}: {named} {names_in_short(absent)} is missing; copy or download the model again"
        )
    return [folder / name for name in names]


def weight_map(folder: Path) -> dict[str, str]:
    """Return tensor -> file name, as the index of a model in several files has it.

    Raises:
        ModelFileError: the index is no index, or names files that are not directly in the folder.
    """
    path = folder / INDEX
    found = read_json(path).get("weight_map")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise ModelFileError(
            f"{path}: weight_map: must be an object of tensor and file names; save the model again"
        )
    for name in found.values():
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelFileError(
                f"{path}: weight_map names {in_short(name)}; only safetensors files in the same folder "
                "are read"
            )
    return found


def tensor_files(folder: Path) -> dict[frozenset[str], Path]:
    """Return the files of a model in several, by the names of their tensors; none of one without an index.

    Raises:
        ModelFileError: as `weight_map`.
    """
    if not (folder / INDEX).is_file():
        return {}
    files: dict[str, set[str]] = {}
    for tensor, name in weight_map(folder).items():
        files.setdefault(name, set()).add(tensor)
    return {frozenset(tensors): folder / name for name, tensors in files.items()}


def read_tensors(file: Path) -> "dict[str, Any]":
    """Map the tensors of a safetensors file, by name (copied when they are written to).

    Raises:
        ModelFileError: the file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelFileError(
            f"{file}: not a valid safetensors file ({error}); copy or download it again"
        ) from error
    return tensors


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a model's tensors, by name, from the headers of its files.

    A header is its length as eight bytes, then JSON (https://huggingface.co/docs/safetensors).

    Raises:
        ModelFileError: a file is missing or damaged, or the index names a tensor that its file has not.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for path in weight_files(folder):
        try:
            with path.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(length, _LONGEST_HEADER)))
            found = {name: about for name, about in header.items() if name != "__metadata__"}
            end = max((about["data_offsets"][1] for about in found.values()), default=0)
            shapes |= {name: tuple(int(size) for size in about["shape"]) for name, about in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelFileError(
                f"{path}: not a valid safetensors file ({type(error).__name__}); copy or download it again"
            ) from error
        if path.stat().st_size < 8 + length + end:
            raise ModelFileError(f"{path}: the file is cut short; copy or download it again")
    lacking = sorted(weight_map(folder).keys() - shapes.keys()) if _is_indexed(folder) else []
    if lacking:
        raise ModelFileError(
            f"{folder / INDEX}: names {len(lacking)} tensors that its files have not (first: {lacking[0]}); "
            "copy or download the model again"
        )
    return shapes


def _is_indexed(folder: Path) -> bool:
    return not (folder / "model.safetensors").is_file() and (folder / INDEX).is_file()


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises:
        ModelFileError: it cannot be read, is too large, or is no JSON object.
    """
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ModelFileError(f"{path}: larger than {_LARGEST_CONFIG:,} bytes, which no such file is")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise ModelFileError(f"{path}: can't be read as JSON: nested too deep") from error
    except ValueError as error:
        raise ModelFileError(f"{path}: can't be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelFileError(f"{path}: it holds a {type(content).__name__}, not an object")
    return content


def _numbers(config: Any) -> Iterator[tuple[str, int | float]]:
    """Yield the numbers of a configuration with their keys, however deep they stand."""
    waiting: list[tuple[str, Any]] = [("", config)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += ((key, inner) for inner in value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value

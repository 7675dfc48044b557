"""Tensors in safetensors files of limited size, written as they come, and the index over them.

As transformers' `save_pretrained(max_shard_size=…)` writes a model.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from harness.models.files import INDEX, MAX_SHARD_BYTES, tensor_files


@dataclass
class Shard:
    """One file.

    Attributes:
        file: Where it is.
        tensors: The names of its tensors.
        size: Bytes of their values.
    """

    file: Path
    tensors: tuple[str, ...]
    size: int

    @classmethod
    def written(cls, file: Path, tensors: dict[str, Tensor]) -> "Shard":
        """Write tensors and return their file."""
        save(tensors, file)
        return cls(file, tuple(tensors), sum(tensor.nbytes for tensor in tensors.values()))

    def rename(self, file: Path) -> None:
        """Move the file."""
        self.file = self.file.rename(file)

    def linked(self, file: Path) -> "Shard":
        """Return the same file under another name, by a hard link where possible."""
        link(self.file, file)
        return Shard(file, self.tensors, self.size)


class Shards:
    """Files that are filled one after the other."""

    def __init__(self, folder: Path, name: str, earlier: Path | None = None) -> None:
        """Begin.

        Args:
            folder: Where they are written.
            name: With which their names begin until all are known.
            earlier: A model's folder that may hold the same tensors in files of their own, which are then
                linked.
        """
        self._folder, self._name = folder, name
        self._earlier = tensor_files(earlier) if earlier else {}
        self._waiting: dict[str, Tensor] = {}
        self._bytes = 0
        self._done: list[Shard] = []

    def add(self, name: str, tensor: Tensor) -> None:
        """Take a tensor; it is written with others."""
        if self._waiting and self._bytes + tensor.nbytes > MAX_SHARD_BYTES:
            self._write()
        self._waiting[name] = tensor
        self._bytes += tensor.nbytes

    def finish(self) -> list[Shard]:
        """Write what is left and return the files."""
        if self._waiting:
            self._write()
        return self._done

    def _write(self) -> None:
        tensors, self._waiting, self._bytes = self._waiting, {}, 0
        file = self._folder / f"{self._name}-{len(self._done)}.safetensors"
        same = self._earlier.get(frozenset(tensors))
        if same is not None and _is_fp32(same):
            shard = Shard(same, tuple(tensors), sum(tensor.nbytes for tensor in tensors.values()))
            self._done.append(shard.linked(file))
        else:
            self._done.append(Shard.written(file, tensors))


def save(tensors: dict[str, Tensor], file: Path) -> None:
    """Write tensors to a safetensors file as transformers does."""
    from safetensors.torch import save_file

    save_file({name: one.contiguous() for name, one in tensors.items()}, file, metadata={"format": "pt"})


def shard_names(count: int) -> list[str]:
    """Return the names of the files of a model in several."""
    return [f"model-{number:05d}-of-{count:05d}.safetensors" for number in range(1, count + 1)]


def write_index(folder: Path, shards: list[Shard]) -> None:
    """Write which tensor is in which file."""
    weight_map = {name: shard.file.name for shard in shards for name in shard.tensors}
    size = sum(shard.size for shard in shards)
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def link(source: Path, target: Path) -> None:
    """Make a file the same as another, by a hard link where possible."""
    # A hub's snapshot holds symbolic links; the file behind them is meant.
    source = source.resolve()
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _is_fp32(file: Path) -> bool:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as shard:
        return all(shard.get_slice(name).get_dtype() == "F32" for name in shard.keys())  # noqa: SIM118 (no dict)

"""A finished stage as standard Hugging Face folders: the encoder, and the encoder with its head.

Weight files (`harness.training.shards`): frozen tensors (the same bytes in every stage, hence stored once),
the trained encoder, the head, and what this head does without. `encoder/` holds all but the head; the folder
that the head's kind names (`classifier/` …) hard links to the first two, and the head. A mixture has such a
folder for each of its tasks, `heads/TASK/`.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from harness.config.hyperparameters import LoraAdapter
from harness.models.adapters import ADAPTER, ADAPTER_CONFIG, BASE, HEAD, AdapterBase
from harness.models.references import ModelRef, resolve_model
from harness.models.tokenizer_files import tokenizer_files
from harness.training.adapter import in_file, is_adapters
from harness.training.model import LoadedModel
from harness.training.shards import Shard, Shards, link, save, shard_names, write_index

ENCODER = "encoder"


@dataclass(frozen=True)
class HeadExport:
    """An encoder with a head, to be written.

    Attributes:
        loaded: What the stage started from.
        own_name: Name of a trained parameter of the stage's module -> how this model calls it; None where it
            is another's.
        folder: Name of its folder below the stage's.
    """

    loaded: LoadedModel
    own_name: Callable[[str], str | None]
    folder: str


class CheckpointWriter:
    """Writes `encoder/` and each head's folder below a stage's, tensor by tensor as they come.

    Of the encoder no more is in memory than one file takes (`MAX_SHARD_BYTES`, or one larger tensor).
    """

    def __init__(self, workdir: Path, exports: Sequence[HeadExport], parent: ModelRef) -> None:
        """Begin, replacing what is there.

        Args:
            workdir: The stage's folder.
            exports: One for each head, all with the same encoder; that of the first is written.
            parent: What the stage started from; its frozen files, its tokenizer and, where it may run, its
                code are linked where possible.
        """
        self._workdir, self._exports, self._parent = workdir, exports, parent
        self._encoder = _empty(workdir / ENCODER, parent)
        # A pooler that one head has as its own is not of the encoder that all share.
        self._heads = frozenset[str]().union(*(export.loaded.head_names for export in exports))
        self._own: list[dict[str, Tensor]] = [{} for _ in exports]
        self._pairs: dict[str, Tensor] = {}
        self._body = Shards(self._encoder, "body")

    def add(self, name: str, tensor: Tensor) -> None:
        """Take a trained parameter: its name in the stage's module, and its fp32 values."""
        for export, own in zip(self._exports, self._own, strict=True):
            saved = export.own_name(name)
            if saved is None:
                continue
            if saved in export.loaded.head_names:
                own[saved] = tensor
            elif is_adapters(saved):
                self._pairs[saved] = tensor
            elif export is self._exports[0] and saved not in self._heads:
                self._body.add(saved, tensor)

    def finish(self) -> None:
        """Write what is left, and the configurations."""
        loaded = self._exports[0].loaded
        if loaded.adapted is not None:
            for name, tensor in loaded.adapted.merged(self._pairs):
                self._body.add(name, tensor)
        same = {name: one for name, one in loaded.frozen.items() if name not in loaded.head_names}
        frozen, carried = (
            Shards(self._encoder, "frozen", self._parent.folder),
            Shards(self._encoder, "carried"),
        )
        for shards, tensors in ((frozen, same), (carried, loaded.carried)):
            for name, tensor in tensors.items():
                shards.add(name, tensor)
        shared = [*frozen.finish(), *self._body.finish()]
        parts = [*shared, *carried.finish()]
        for shard, name in zip(parts, shard_names(len(parts)), strict=True):
            shard.rename(self._encoder / name)
        write_index(self._encoder, parts)
        _write_bare_config(loaded, self._encoder)
        for export, own in zip(self._exports, self._own, strict=True):
            self._write_head(export, own, shared)

    def _write_head(self, export: HeadExport, own: dict[str, Tensor], shared: list[Shard]) -> None:
        folder = _empty(self._workdir / export.folder, self._parent)
        kept = {name: one for name, one in export.loaded.frozen.items() if name in export.loaded.head_names}
        # Text-to-text models have no head.
        head = own | kept
        names = shard_names(len(shared) + bool(head))
        parts = [shard.linked(folder / name) for shard, name in zip(shared, names, strict=False)]
        if head:
            parts.append(Shard.written(folder / names[-1], head))
        write_index(folder, parts)
        _write_config(export, folder)


class AdapterWriter:
    """Writes `encoder/` and each head's folder as `CheckpointWriter` does, of the encoder only its adapter.

    The adapter is also one of peft's, to be loaded on its base.
    """

    def __init__(
        self, workdir: Path, exports: Sequence[HeadExport], parent: ModelRef, base: ModelRef
    ) -> None:
        """Begin, replacing what is there.

        Args:
            workdir: The stage's folder.
            exports: One for each head, all with the same adapter.
            parent: What the stage started from.
            base: The pretrained model, where the parent is not itself an adapter.
        """
        self._workdir, self._exports, self._parent, self._base = workdir, exports, parent, base
        self._trained: dict[str, Tensor] = {}

    def add(self, name: str, tensor: Tensor) -> None:
        """Take a trained parameter: its name in the stage's module, and its fp32 values."""
        self._trained[name] = tensor

    def finish(self) -> None:
        """Write all."""
        loaded = self._exports[0].loaded
        assert loaded.adapted is not None, "only stages with an adapter keep one"
        encoder = _empty(self._workdir / ENCODER, self._parent)
        named = self._named(self._exports[0]).items()
        save({in_file(name): one for name, one in named if is_adapters(name)}, encoder / ADAPTER)
        settings, earlier = loaded.adapted.settings, AdapterBase.of(self._parent.folder)
        about = AdapterBase(
            model=earlier.model if earlier else self._base,
            fingerprint=earlier.fingerprint if earlier else resolve_model(self._base).fingerprint,
            scale=settings.alpha / settings.rank,
            matrices=tuple(loaded.adapted.bases),
        )
        (encoder / BASE).write_text(about.model_dump_json(indent=2) + "\n", encoding="utf-8")
        (encoder / ADAPTER_CONFIG).write_text(json.dumps(_peft_config(about, settings), indent=2) + "\n")
        _write_bare_config(loaded, encoder)
        for export in self._exports:
            folder = _empty(self._workdir / export.folder, self._parent)
            for name in (ADAPTER, BASE, ADAPTER_CONFIG):
                link(encoder / name, folder / name)
            named = self._named(export).items()
            head = {name: one for name, one in named if name in export.loaded.head_names}
            if head:
                save(head, folder / HEAD)
            _write_config(export, folder)

    def _named(self, export: HeadExport) -> dict[str, Tensor]:
        named = ((export.own_name(name), tensor) for name, tensor in self._trained.items())
        return {name: tensor for name, tensor in named if name is not None}


def _write_config(export: HeadExport, folder: Path) -> None:
    config = _config(export.loaded)
    config.architectures = [type(export.loaded.model).__name__]
    config.save_pretrained(folder)


def _peft_config(about: AdapterBase, settings: LoraAdapter) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "base_model_name_or_path": about.model.name,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "target_modules": [name.removesuffix(".weight") for name in about.matrices],
        "inference_mode": True,
    }


def _empty(folder: Path, parent: ModelRef) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _carry_files(parent, folder)
    return folder


def _config(loaded: LoadedModel) -> Any:
    return type(loaded.config).from_dict(loaded.config.to_dict())


def _write_bare_config(loaded: LoadedModel, encoder: Path) -> None:
    config = _config(loaded)
    bare = type(config).from_dict({**config.to_dict(), "problem_type": None})
    del bare.xstilts  # how long inputs were is the head's matter too
    bare.num_labels = 2  # the default: the labels are the head's, which the encoder leaves behind
    bare.architectures = [type(loaded.model.base_model).__name__]
    bare.save_pretrained(encoder)


def _carry_files(parent: ModelRef, folder: Path) -> None:
    """Hand the tokenizer on file by file, so that its fingerprint stays the same from stage to stage."""
    names = [name for name in tokenizer_files(parent.folder) if (parent.folder / name).is_file()]
    if parent.trust_remote_code:
        names += [path.name for path in sorted(parent.folder.glob("*.py"))]
    for name in names:
        link(parent.folder / name, folder / name)

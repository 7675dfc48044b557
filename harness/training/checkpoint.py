"""A finished stage as standard Hugging Face folders: the encoder, and the encoder with its head.

Weight files: frozen tensors (the same bytes in every stage, hence stored once), the trained encoder, the
head, and what this head does without. `encoder/` holds all but the head; the folder that the head's kind
names (`classifier/` …) hard links to the first two, and the head. A mixture has such a folder for each of
its tasks, `heads/TASK/`.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harness.config.hyperparameters import LoraAdapter
from harness.models.adapters import ADAPTER, ADAPTER_CONFIG, BASE, HEAD, AdapterBase
from harness.models.files import weight_map
from harness.models.references import ModelRef, resolve_model
from harness.models.tokenizer_files import tokenizer_files
from harness.training.adapter import in_file
from harness.training.model import LoadedModel

ENCODER = "encoder"
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class HeadExport:
    """An encoder with a head, to be written.

    Attributes:
        loaded: What the stage started from.
        trained: fp32 weights of the trained tensors, by name.
        folder: Name of its folder below the stage's.
    """

    loaded: LoadedModel
    trained: dict[str, torch.Tensor]
    folder: str


def write_checkpoint(workdir: Path, exports: Sequence[HeadExport], parent: ModelRef) -> None:
    """Write `encoder/` and each head's folder below `workdir`, replacing what is there.

    Args:
        workdir: The stage's folder.
        exports: One for each head, all with the same encoder; that of the first is written.
        parent: What the stage started from; its frozen file, its tokenizer and, where it may run, its code
            are linked where possible.
    """
    loaded = exports[0].loaded
    trained = loaded.whole(exports[0].trained)
    encoder = _empty(workdir / ENCODER, parent)
    frozen = {name: tensor for name, tensor in loaded.frozen.items() if name not in loaded.head_names}
    # A pooler that one head has as its own is not of the encoder that all share.
    heads = frozenset[str]().union(*(export.loaded.head_names for export in exports))
    body = {name: tensor for name, tensor in trained.items() if name not in heads}
    shared = [shard for shard in (frozen, body) if shard]
    shards = [*shared, loaded.carried] if loaded.carried else shared
    names = _write_shards(encoder, shards, first_from=_same_shard(parent.folder, frozen))
    _write_index(encoder, list(zip(names, shards, strict=True)))
    _write_bare_config(loaded, encoder)
    for export in exports:
        folder = _empty(workdir / export.folder, parent)
        own = (export.loaded.whole(export.trained) | export.loaded.frozen).items()
        head = {name: tensor for name, tensor in own if name in export.loaded.head_names}
        # Text-to-text models have no head.
        parts = [*shared, head] if head else shared
        linked = _shard_names(len(parts))
        for source, target in zip(names[: len(shared)], linked, strict=False):
            _link(encoder / source, folder / target)
        if head:
            _save(head, folder / linked[-1])
        _write_index(folder, list(zip(linked, parts, strict=True)))
        config = _config(export.loaded)
        config.architectures = [type(export.loaded.model).__name__]
        config.save_pretrained(folder)


def write_adapters(workdir: Path, exports: Sequence[HeadExport], parent: ModelRef, base: ModelRef) -> None:
    """Write `encoder/` and each head's folder as `write_checkpoint` does, of the encoder only its adapter.

    The adapter is also one of peft's, to be loaded on its base.

    Args:
        workdir: The stage's folder.
        exports: One for each head, all with the same adapter.
        parent: What the stage started from.
        base: The pretrained model, where the parent is not itself an adapter.
    """
    loaded, trained = exports[0].loaded, exports[0].trained
    assert loaded.adapted is not None, "only stages with an adapter keep one"
    encoder = _empty(workdir / ENCODER, parent)
    pairs = {in_file(name): tensor for name, tensor in trained.items() if ".lora_" in name}
    _save(pairs, encoder / ADAPTER)
    settings, earlier = loaded.adapted.settings, AdapterBase.of(parent.folder)
    about = AdapterBase(
        model=earlier.model if earlier else base,
        fingerprint=earlier.fingerprint if earlier else resolve_model(base).fingerprint,
        scale=settings.alpha / settings.rank,
        matrices=tuple(loaded.adapted.bases),
    )
    (encoder / BASE).write_text(about.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (encoder / ADAPTER_CONFIG).write_text(json.dumps(_peft_config(about, settings), indent=2) + "\n")
    _write_bare_config(loaded, encoder)
    for export in exports:
        folder = _empty(workdir / export.folder, parent)
        for name in (ADAPTER, BASE, ADAPTER_CONFIG):
            _link(encoder / name, folder / name)
        head = {name: one for name, one in export.trained.items() if name in export.loaded.head_names}
        if head:
            _save(head, folder / HEAD)
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


def _write_shards(folder: Path, shards: list[dict[str, torch.Tensor]], first_from: Path | None) -> list[str]:
    names = _shard_names(len(shards))
    for index, (name, shard) in enumerate(zip(names, shards, strict=True)):
        if index == 0 and first_from is not None:
            _link(first_from, folder / name)
        else:
            _save(shard, folder / name)
    return names


def _shard_names(count: int) -> list[str]:
    return [f"model-{number:05d}-of-{count:05d}.safetensors" for number in range(1, count + 1)]


def _save(tensors: dict[str, torch.Tensor], file: Path) -> None:
    from safetensors.torch import save_file

    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, file, metadata={"format": "pt"}
    )


def _same_shard(parent: Path, frozen: dict[str, torch.Tensor]) -> Path | None:
    """Return the parent's file that holds exactly these tensors, which the stage loaded from it."""
    if not frozen or not (parent / _INDEX).is_file():
        return None
    files: dict[str, set[str]] = {}
    for tensor, name in weight_map(parent).items():
        files.setdefault(name, set()).add(tensor)
    same = [parent / name for name, tensors in files.items() if tensors == set(frozen)]
    return same[0] if same and _is_fp32(same[0]) else None


def _is_fp32(file: Path) -> bool:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as shard:
        return all(shard.get_slice(name).get_dtype() == "F32" for name in shard.keys())  # noqa: SIM118 (no dict)


def _write_index(folder: Path, shards: list[tuple[str, dict[str, torch.Tensor]]]) -> None:
    weight_map = {name: file for file, tensors in shards for name in tensors}
    size = sum(tensor.nbytes for _, tensors in shards for tensor in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / _INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


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
        _link(parent.folder / name, folder / name)


def _link(source: Path, target: Path) -> None:
    # A hub's snapshot holds symbolic links; the file behind them is meant.
    source = source.resolve()
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)

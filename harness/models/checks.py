"""What of a model's folder would fail or mislead in training: kind, weights, special ids."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.config.model_family import TEXT_TO_TEXT_TYPES
from harness.errors import UserError
from harness.message_text import cut, in_short, nearest
from harness.models.families import FAMILIES, OFFSET_POSITIONS, check_kinds, refuse_missing
from harness.models.files import ModelFileError, read_config, read_json
from harness.named_path import is_folder

_EMBEDDINGS = (
    "embeddings.word_embeddings.weight",
    "embeddings.tok_embeddings.weight",
    "shared.weight",
    "encoder.embed_tokens.weight",
)


class UnsupportedModelError(UserError):
    """The model's architecture cannot be trained."""


class AdapterError(UserError):
    """The folder holds a PEFT adapter, not a model."""


def check_folder(folder: Path, trust_remote_code: bool, kinds: Iterable[str] = ()) -> None:
    """Refuse a folder that no stage can start from, by its JSON files and the headers of its weights.

    Args:
        folder: The model's folder.
        trust_remote_code: Whether code that comes with it may run.
        kinds: The kinds of task that it is to be trained on.

    Raises:
        AdapterError: it holds a PEFT adapter.
        UnsupportedModelError: its architecture is not one that can be trained.
        MissingHeadError: its architecture has no head for one of the kinds.
        ModelFileError: weights are missing, damaged, empty or of another shape than config.json says, or a
            special id is not in the vocabulary.
    """
    check_no_adapter(folder)
    config = read_config(folder)
    _check_architecture(folder, config, trust_remote_code, tuple(dict.fromkeys(kinds)))
    check_weights(folder)
    _check_vocabulary(folder, config)


def check_named_model(name: str, trust_remote_code: bool, kinds: Iterable[str] = ()) -> None:
    """Check the folder of a model that is a local one; others are looked at when they are there.

    Raises:
        UserError: as `check_folder`.
    """
    folder = Path(name)
    if not name.startswith("embedded:") and is_folder(folder):
        check_folder(folder, trust_remote_code, kinds)


def check_no_adapter(folder: Path) -> None:
    """Refuse a folder with a PEFT adapter: loaded as a model, it would lack what the adapter learned."""
    from harness.models.adapters import BASE

    path = folder / "adapter_config.json"
    if not path.is_file() or (folder / BASE).is_file():
        return
    try:
        adapter = read_json(path)
    except ModelFileError:
        adapter = {}
    base = adapter.get("base_model_name_or_path")
    raise AdapterError(
        f"model {folder}: it holds a PEFT adapter "
        f"({cut(str(adapter.get('peft_type', 'adapter_config.json')))}"
        f"{f' for {cut(str(base))}' if base else ''}), not a whole model. Merge the adapter into its "
        "base model "
        "with the library peft (merge_and_unload), save the result together with the tokenizer in a "
        "folder of "
        "its own, and name that folder"
    )


def check_weights(folder: Path) -> None:
    """Refuse empty tensors, which a model saved from ZeRO 3 has where its weights were not gathered.

    Raises:
        ModelFileError: there are such, or a file is missing or damaged.
    """
    from harness.models.adapters import shapes_of

    shapes = shapes_of(folder)
    empty = [name for name, shape in shapes.items() if 0 in shape]
    if empty or not shapes:
        raise ModelFileError(
            f"model {folder}: {len(empty)} of its {len(shapes)} tensors are empty (first: "
            f"{min(empty, default='none')}), as where a model was saved under ZeRO 3 without gathering its "
            "weights. Save it with stage3_gather_16bit_weights_on_model_save, or make the weights of the "
            "checkpoint by DeepSpeed's zero_to_fp32.py and name the folder with those"
        )


def _check_architecture(
    folder: Path, config: Mapping[str, Any], trust_remote_code: bool, kinds: tuple[str, ...]
) -> None:
    kind, own_code = config.get("model_type"), config.get("auto_map")
    if not isinstance(kind, str):
        raise UnsupportedModelError(
            f"model {folder}: config.json names no architecture (model_type: {in_short(kind)}); write the "
            f"one that it was trained with. Supported: {', '.join(FAMILIES)}"
        )
    if kind in FAMILIES or not (trust_remote_code and own_code):
        check_architecture(str(folder), kind, kinds, has_code=bool(own_code))


def check_architecture(model: str, kind: str, kinds: tuple[str, ...], *, has_code: bool = False) -> None:
    """Refuse an architecture that lacks a head; one that is not listed has those of transformers.

    Args:
        model: The model, for messages.
        kind: The `model_type` of its config.json.
        kinds: The kinds of task that it is to be trained on.
        has_code: Whether it comes with code of its own, which may not run.

    Raises:
        UnsupportedModelError: transformers has no such architecture, or none of its heads.
        MissingHeadError: it has no head for one of the kinds.
    """
    if kind in FAMILIES:
        check_kinds(model, kind, kinds)
        return
    # Only here, since it takes seconds to import.
    from harness.models.generic import has_head, kinds_with_head, knows

    able = kinds_with_head(kind) if knows(kind) else ()
    if able:
        refuse_missing(model, kind, [one for one in kinds if not has_head(kind, [one])], able)
        return
    if has_code:
        raise UnsupportedModelError(
            f"model {model}: its architecture {cut(kind)} is code of its own (auto_map in config.json), "
            "which runs only with permission. Read that code, then write trust_remote_code: true in the "
            f"sequence file, or name a model of {', '.join(FAMILIES)}"
        )
    what = (
        "transformers has no head of it that a task is trained with"
        if knows(kind)
        else ("transformers does not know the architecture")
    )
    raise UnsupportedModelError(
        f"model {model}: {cut(kind)} models cannot be trained: {what}. "
        f"{nearest(kind, FAMILIES).capitalize()}Name a model of a supported architecture: "
        f"{', '.join(FAMILIES)}"
    )


def _check_vocabulary(folder: Path, config: Mapping[str, Any]) -> None:
    size, kind = config.get("vocab_size"), config.get("model_type")
    if isinstance(size, bool) or not isinstance(size, int | None):
        raise ModelFileError(f"{folder / 'config.json'}: vocab_size: {in_short(size)} is not a whole number")
    rows = _embedding_rows(folder)
    if size is not None and rows is not None and rows[1] != size:
        raise ModelFileError(
            f"{folder / 'config.json'}: vocab_size is {size:,}, but the weights have {rows[1]:,} "
            "embedding rows "
            f"({rows[0]}); correct vocab_size, or copy config.json and weights from one and the same model"
        )
    for key, value in _special_ids(config):
        if not 0 <= value < (size or value + 1):
            raise ModelFileError(
                f"{folder / 'config.json'}: {key}: {value:,} is not one of the {size:,} ids of the "
                "vocabulary; "
                "write the tokenizer's id of this token, or remove the key"
            )
    needed = ["pad_token_id"] if kind in (*OFFSET_POSITIONS, *TEXT_TO_TEXT_TYPES) else []
    needed += ["decoder_start_token_id"] if kind in TEXT_TO_TEXT_TYPES else []
    for key in needed:
        if key in config and config[key] is None:
            raise ModelFileError(
                f"{folder / 'config.json'}: {key} is null, and {kind} models compute with it; write the "
                "tokenizer's id of this token"
            )


def _special_ids(config: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in config.items():
        for one in value if isinstance(value, list) else [value]:
            if key.endswith("_token_id") and isinstance(one, int) and not isinstance(one, bool):
                yield key, one


def _embedding_rows(folder: Path) -> tuple[str, int] | None:
    from harness.models.adapters import shapes_of

    for name, shape in sorted(shapes_of(folder).items()):
        if name.endswith(_EMBEDDINGS) and len(shape) == 2:
            return name, shape[0]
    return None

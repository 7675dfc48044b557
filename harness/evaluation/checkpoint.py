"""A checkpoint on disk: where it is, what labels it gives, how it reads its inputs, how long they may be."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.config.model_family import TEXT_TO_TEXT_TYPES
from harness.errors import UserError
from harness.kinds.text_form import TEXT_FORMAT_VERSION, TextFormat
from harness.message_text import cut, in_short, names_in_short
from harness.models.files import ModelFileError, read_config, weight_files
from harness.models.references import ModelRef, resolve_model
from harness.named_path import is_file, is_folder, user_path
from harness.training.checkpoint_folders import CLASSIFIER, TEXT_TO_TEXT

_LONGEST_DEFAULT = 512
_SHORTEST = 4  # a token of each text, and those around them
_NO_LIMIT = 100_000
"""Tokenizers without a limit record 10^30; anything above this says nothing."""
_SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert")


class CheckpointError(UserError):
    """A checkpoint can't be scored as it stands; the message says why and what would do."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a sequence classifier, or a text-to-text model that was fine-tuned to classify.

    Attributes:
        model: the Hugging Face folder, and whether its code may run.
        labels: what the head's outputs, or the label words of `text_format`, mean, in their order.
        max_length: tokens after which an input is cut, special tokens included.
        text_format: how a text-to-text model was trained to read and answer; None for classifiers.
    """

    model: ModelRef
    labels: tuple[str, ...]
    max_length: int
    text_format: TextFormat | None = None

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the configuration, the tokenizer, the weights and any code."""
        return resolve_model(ModelRef.at(self.folder, trust_remote_code=True)).fingerprint

    @property
    def folder(self) -> Path:
        """The Hugging Face folder."""
        return self.model.folder


def open_checkpoint(
    model: ModelRef, *, labels: tuple[str, ...] | None = None, max_length: int | None = None
) -> Checkpoint:
    """Find a checkpoint and check that it can be scored.

    Args:
        model: a local folder, one that holds it as `classifier/` or `text_to_text/` (a stage of a
            store), or a hub id.
        labels: what the head's outputs mean, where the config names them `LABEL_0` or wrongly; of a
            text-to-text model, what its label words mean.
        max_length: tokens to cut inputs at; default: that of its training, else the model's, at most 512.

    Raises:
        CheckpointError: there is none, it has no classification head (or does not say its text format), no
            safetensors, or no usable labels.
        UserError: a hub id can't be fetched.
    """
    name = model.name
    if name.startswith("embedded:"):
        raise CheckpointError(
            f"checkpoint {name}: an embedded model is an encoder without a classification head. Train it "
            "first "
            "(`xstilts run`) and give the folder of a finished stage."
        )
    folder = _local_folder(model)
    config = _config(folder)
    answers = config.get("is_encoder_decoder") or config.get("model_type") in TEXT_TO_TEXT_TYPES
    words = _text_format(folder, config) if answers else None
    _refuse_unfit(folder, config, model.trust_remote_code, text_to_text=words is not None)
    return Checkpoint(
        model=model.beside(folder),
        labels=_labels(folder, config, labels) if words is None else _word_labels(folder, words, labels),
        max_length=_max_length(folder, config, max_length),
        text_format=words,
    )


def _local_folder(model: ModelRef) -> Path:
    name, folder = model.name, user_path(model.name)
    if is_folder(folder):
        within = [folder / name for name in (CLASSIFIER, TEXT_TO_TEXT)]
        return next((place for place in within if (place / "config.json").is_file()), folder)
    if is_file(folder) or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise CheckpointError(f"checkpoint {name}: no such folder. Give a Hugging Face folder or a hub id.")
    return resolve_model(model).ref.local().folder


def _config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").exists():
        raise CheckpointError(
            f"checkpoint {folder}: it has no config.json. Give a folder that `save_pretrained` wrote, "
            "or the folder of a finished stage."
        )
    try:
        return read_config(folder)
    except ModelFileError as error:
        raise CheckpointError(str(error)) from error


def _text_format(folder: Path, config: dict[str, Any]) -> TextFormat:
    """Return the format that a text-to-text model was trained with; without it its answers mean nothing."""
    kind = config.get("model_type")
    if kind not in TEXT_TO_TEXT_TYPES:
        raise CheckpointError(
            f"checkpoint {folder}: text-to-text models of the type {kind} cannot be scored, only "
            f"{', '.join(TEXT_TO_TEXT_TYPES)}, and encoders with a classification head"
        )
    trained = config.get("xstilts")
    try:
        found = TextFormat.model_validate(trained["text_format"])  # type: ignore[index]
    except (TypeError, KeyError, ValidationError):
        raise CheckpointError(
            f"checkpoint {folder}: a text-to-text model whose config.json does not say (xstilts.text_format) "
            "how its inputs and label words were written in training, so that its likelihoods would mean "
            "nothing. Fine-tune it (`xstilts run`) and give the folder of a finished stage, or its "
            f"`{TEXT_TO_TEXT}/`."
        ) from None
    if found.version != TEXT_FORMAT_VERSION:
        raise CheckpointError(
            f"checkpoint {folder}: its text format has version {found.version}, this xstilts writes "
            f"{TEXT_FORMAT_VERSION}; score it with the xstilts that trained it"
        )
    if not found.labels:
        raise CheckpointError(
            f"checkpoint {folder}: it was trained on {found.kind}, whose answers are no label words; only "
            "checkpoints of classification tasks can be scored"
        )
    return found


def _word_labels(folder: Path, words: TextFormat, given: tuple[str, ...] | None) -> tuple[str, ...]:
    labels = words.labels if given is None else given
    if len(labels) != len(words.labels):
        raise CheckpointError(
            f"checkpoint {folder}: {len(labels)} labels were given ({names_in_short(labels)}), but it "
            f"answers with {len(words.labels)}: {names_in_short(words.labels)}. Name each, in order."
        )
    _refuse_equal_names(folder, labels)
    return labels


def _refuse_unfit(
    folder: Path, config: dict[str, Any], trust_remote_code: bool, *, text_to_text: bool
) -> None:
    architectures = config.get("architectures") or []
    if not isinstance(architectures, list) or not all(isinstance(name, str) for name in architectures):
        raise CheckpointError(f"checkpoint {folder}: config.json: architectures: a list of names is due")
    classifies = any(name.endswith("ForSequenceClassification") for name in architectures)
    if architectures and not classifies and not text_to_text:
        raise CheckpointError(
            f"checkpoint {folder}: {cut(' '.join(architectures))} has no classification head. Train one "
            "first (`xstilts run`), or give the folder of a …ForSequenceClassification."
        )
    if "auto_map" in config and not trust_remote_code:
        raise CheckpointError(
            f"checkpoint {folder}: it wants to run code of its own (auto_map in config.json). Read that "
            "code, then "
            "pass trust_remote_code (`--trust-remote-code`)."
        )
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"checkpoint {folder}: it holds no .safetensors file. Pickled weights can run code and are "
            "not opened; "
            "convert them with `model.save_pretrained(folder)`."
        )
    try:
        weight_files(folder)
    except ModelFileError as error:
        raise CheckpointError(str(error)) from error


def _labels(folder: Path, config: dict[str, Any], given: tuple[str, ...] | None) -> tuple[str, ...]:
    names = config.get("id2label")
    if isinstance(names, dict) and set(names) != {str(number) for number in range(len(names))}:
        raise CheckpointError(
            f"checkpoint {folder}: config.json: id2label: its keys must be 0, 1, 2, …, "
            f"not {names_in_short(names)}"
        )
    count = len(names) if isinstance(names, dict) else _whole(folder, config, "num_labels", 2)
    if given is not None:
        if isinstance(names, dict) and len(given) != count:
            raise CheckpointError(
                f"checkpoint {folder}: {len(given)} labels were given ({names_in_short(given)}), "
                f"but its head has {count} outputs. Name each output, in order."
            )
        labels = given
    else:
        labels = tuple(str(names[key]) for key in sorted(names, key=int)) if isinstance(names, dict) else ()
        if not labels or any(name.casefold().startswith("label_") for name in labels):
            raise CheckpointError(
                f"checkpoint {folder}: config.json does not say what the {count} outputs of the head mean "
                f"(id2label: {names_in_short(labels) or 'missing'}). Find it out and say it: "
                "`--labels entailment,neutral,contradiction` for `xstilts eval`, the model argument "
                "`label_names=entailment|neutral|contradiction` for `xstilts lm-eval`."
            )
    _refuse_equal_names(folder, labels)
    return labels


def _refuse_equal_names(folder: Path, labels: tuple[str, ...]) -> None:
    if len({name.casefold() for name in labels}) != len(labels):
        raise CheckpointError(
            f"checkpoint {folder}: two of its labels have one name: {names_in_short(labels)}"
        )


def _max_length(folder: Path, config: dict[str, Any], given: int | None) -> int:
    positions = _positions(folder, config)
    if given is not None:
        if not _SHORTEST <= given <= positions:
            raise CheckpointError(
                f"checkpoint {folder}: max_length {given} is not between {_SHORTEST} and {positions}"
            )
        return given
    trained = config.get("xstilts")
    if isinstance(trained, dict) and isinstance(trained.get("max_length"), int):
        usual = int(trained["max_length"])
    else:
        usual = min(_tokenizer_limit(folder), _LONGEST_DEFAULT)
    if min(usual, positions) < _SHORTEST:
        raise CheckpointError(
            f"checkpoint {folder}: its files say that it reads {in_short(min(usual, positions))} tokens; "
            "correct max_position_embeddings in config.json, or model_max_length in tokenizer_config.json"
        )
    return min(usual, positions)


def _positions(folder: Path, config: dict[str, Any]) -> int:
    positions = _whole(folder, config, "max_position_embeddings", _NO_LIMIT) or _NO_LIMIT
    if positions < 0:  # relative positions only
        return _NO_LIMIT
    kind = str(config.get("model_type"))
    # RoBERTa and its kin number positions from the padding index + 1.
    return positions - _whole(folder, config, "pad_token_id", 1) - 1 if kind in _SHIFTED else positions


def _whole(folder: Path, config: dict[str, Any], key: str, absent: int) -> int:
    value = config.get(key)
    if value is None:
        return absent
    if isinstance(value, bool) or not isinstance(value, int):
        raise CheckpointError(
            f"checkpoint {folder}: config.json: {key}: {in_short(value)} is not a whole number"
        )
    return value


def _tokenizer_limit(folder: Path) -> int:
    path = folder / "tokenizer_config.json"
    try:
        limit = json.loads(path.read_text(encoding="utf-8")).get("model_max_length")
    except (OSError, ValueError, AttributeError, RecursionError):
        return _LONGEST_DEFAULT
    return int(limit) if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT else _LONGEST_DEFAULT


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its kind where it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]

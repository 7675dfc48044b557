"""A checkpoint on disk: where it is, what its head is, what its labels mean, how long its inputs may be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.config.model_family import TEXT_TO_TEXT_TYPES
from harness.errors import UserError
from harness.kinds.base import TaskKind
from harness.kinds.registry import KINDS
from harness.kinds.text_form import TEXT_FORMAT_VERSION, TextFormat
from harness.kinds.text_to_text import TextToTextModel
from harness.message_text import cut, in_short, names_in_short
from harness.models.checks import check_no_adapter, check_weights
from harness.models.files import ModelFileError, read_config
from harness.models.positions import usable_positions
from harness.models.references import ModelRef, resolve_model
from harness.models.tokenizer import fast_tokenizer
from harness.models.tokenizer_checks import check_tokenizer
from harness.named_path import is_file, is_folder, user_path

_LONGEST_DEFAULT = 512
_SHORTEST = 4  # a token of each text, and those around them
_NO_LIMIT = 100_000
"""Tokenizers without a limit record 10^30; anything above this says nothing."""
NO_HEAD = "AutoModel"
_PRETRAINED = ("Model", "ForMaskedLM", "ForPreTraining")
"""How the architectures of encoders end that nothing was trained for: the head of pretraining is left out."""
_DEFAULT_CLASS = "AutoModelForSequenceClassification"


class CheckpointError(UserError):
    """A checkpoint can't be scored as it stands; the message says why and what would do."""

    page = "how-to/from-lm-eval.md"


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds an encoder with a head, or a text-to-text model that was fine-tuned.

    Attributes:
        model: the Hugging Face folder, and whether its code may run.
        auto_class: name of the `transformers` auto class of its encoder and head.
        max_length: tokens after which an input is cut, special tokens included.
        text_format: how a text-to-text model was trained to read and answer; None for encoders.
    """

    model: ModelRef
    auto_class: str
    max_length: int
    text_format: TextFormat | None
    _config: Mapping[str, Any] = field(repr=False)
    _given_labels: tuple[str, ...] | None = None

    def error(self, what: str) -> CheckpointError:
        """Return the error that says what is wrong with the checkpoint."""
        return _error(self.folder, what)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the configuration, the tokenizer, the weights and any code."""
        return resolve_model(ModelRef.at(self.folder, trust_remote_code=True)).fingerprint

    @property
    def folder(self) -> Path:
        """The Hugging Face folder."""
        return self.model.folder

    @property
    def positions(self) -> int:
        """How many tokens an input may have at most, whatever it was trained with."""
        return usable_positions(self._config) or _NO_LIMIT

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer beside the model.

        Raises:
            UserError: there is none, its files are no tokenizer's, it lacks a needed token, or does not go
                with the model.
        """
        tokenizer = fast_tokenizer(self.model)
        check_tokenizer(self.folder, tokenizer, read_config(self.folder))
        if self.text_format is not None and tokenizer.eos_token_id is None:
            raise self.error("its tokenizer has no eos_token; set it in tokenizer_config.json")
        return tokenizer

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What the head's outputs (or a text-to-text model's label words) mean, in their order.

        Raises:
            CheckpointError: neither the configuration nor the caller says it, or wrongly.
        """
        outputs, given = self._outputs, self._given_labels
        if given is not None and outputs and len(given) != len(outputs):
            raise self.error(
                f"{len(given)} labels were given ({names_in_short(given)}), but it has {len(outputs)} "
                f"outputs ({names_in_short(outputs)}). Name each, in order."
            )
        labels = outputs if given is None else given
        if not labels or any(name.casefold().startswith("label_") for name in labels):
            raise self.error(
                "config.json does not say what the outputs of the head mean "
                f"(id2label: {names_in_short(labels) or 'missing'}). Find it out and say it: "
                "`--labels entailment,neutral,contradiction` for `xstilts eval`, the model argument "
                "`label_names=entailment|neutral|contradiction` for `xstilts lm-eval`."
            )
        if len({name.casefold() for name in labels}) != len(labels):
            raise self.error(f"two of its labels have one name: {names_in_short(labels)}")
        return labels

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """The labels as the caller or the configuration has them, checked or not."""
        return self._given_labels or self._outputs

    @property
    def _outputs(self) -> tuple[str, ...]:
        if self.text_format is not None:
            return self.text_format.labels
        names = self._config.get("id2label")
        if not isinstance(names, dict):
            return ()
        if set(names) != {str(number) for number in range(len(names))}:
            raise self.error(
                f"config.json: id2label: its keys must be 0, 1, 2, …, not {names_in_short(names)}"
            )
        return tuple(str(names[key]) for key in sorted(names, key=int))


def open_checkpoint(
    model: ModelRef, *, labels: tuple[str, ...] | None = None, max_length: int | None = None
) -> Checkpoint:
    """Find a checkpoint and check that it can be scored.

    Args:
        model: a local folder, one that holds it as `classifier/`, `tagger/` or the like (a stage of a
            store), or a hub id.
        labels: what the head's outputs mean, where the config names them `LABEL_0` or wrongly; of a
            text-to-text model, what its label words mean.
        max_length: tokens to cut inputs at; default: that of its training, else the model's, at most 512.

    Raises:
        CheckpointError: there is none, it has no head that is scored (or does not say its text format), or
            no safetensors.
        UserError: a hub id can't be fetched.
    """
    name = model.name
    folder = model.local().folder if name.startswith("embedded:") else _local_folder(model)
    config = _config(folder)
    answers = config.get("is_encoder_decoder") or config.get("model_type") in TEXT_TO_TEXT_TYPES
    text_format = _text_format(folder, config) if answers else None
    auto_class = TextToTextModel.head.auto_class if text_format else _auto_class(folder, config)
    if "auto_map" in config and not model.trust_remote_code:
        raise _error(
            folder,
            "it wants to run code of its own (auto_map in config.json). Read that code, then pass "
            "trust_remote_code (`--trust-remote-code`).",
        )
    _require_safetensors(folder)
    length = _max_length(folder, config, max_length)
    return Checkpoint(model.beside(folder), auto_class, length, text_format, config, labels)


def scored_kinds() -> dict[str, TaskKind[Any]]:
    """Return the kinds that evaluation tasks can be of, by name."""
    kinds = {name: KINDS.get(name) for name in KINDS.names()}
    return {name: kind for name, kind in kinds.items() if kind.request is not None}


def _error(folder: Path, what: str) -> CheckpointError:
    return CheckpointError(f"checkpoint {folder}: {what}")


def _local_folder(model: ModelRef) -> Path:
    name, folder = model.name, user_path(model.name)
    if is_folder(folder):
        # Of a finished stage `encoder/` is for the next stage; the model with its head lies beside it.
        heads = sorted(path.parent for path in folder.glob("*/config.json") if path.parent.name != "encoder")
        return heads[0] if heads and not is_file(folder / "config.json") else folder
    if is_file(folder) or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise CheckpointError(f"checkpoint {name}: no such folder. Give a Hugging Face folder or a hub id.")
    return resolve_model(model).ref.local().folder


def _config(folder: Path) -> dict[str, Any]:
    check_no_adapter(folder)
    if not (folder / "config.json").exists():
        if heads := sorted(str(path.parent) for path in folder.glob("heads/*/config.json")):
            what = "it is a stage of several tasks, each with a head of its own. Give the folder of one: "
            raise _error(folder, what + ", ".join(heads))
        raise _error(
            folder,
            "it has no config.json. Give a folder that save_pretrained wrote, or the folder of a finished "
            "stage.",
        )
    try:
        return read_config(folder)
    except ModelFileError as error:
        raise CheckpointError(str(error)) from error


def _text_format(folder: Path, config: dict[str, Any]) -> TextFormat:
    """Return the format that a text-to-text model was trained with; without it its answers mean nothing."""
    kind, trained = config.get("model_type"), config.get("xstilts")
    if kind not in TEXT_TO_TEXT_TYPES:
        raise _error(
            folder,
            f"text-to-text models of the type {kind} cannot be scored, only {', '.join(TEXT_TO_TEXT_TYPES)}, "
            "and encoders with a head",
        )
    try:
        found = TextFormat.model_validate(trained["text_format"])  # type: ignore[index]
    except (TypeError, KeyError, ValidationError):
        raise _error(
            folder,
            "a text-to-text model whose config.json does not say (xstilts.text_format) how its inputs and "
            "answers were written in training, so that its likelihoods would mean nothing. Fine-tune it "
            "(`xstilts run`) and give the folder of a finished stage.",
        ) from None
    if found.version != TEXT_FORMAT_VERSION:
        raise _error(
            folder,
            f"its text format has version {found.version}, this xstilts writes {TEXT_FORMAT_VERSION}; score "
            "it with the xstilts that trained it",
        )
    return found


def _auto_class(folder: Path, config: dict[str, Any]) -> str:
    architectures = config.get("architectures") or []
    if not isinstance(architectures, list) or not all(isinstance(name, str) for name in architectures):
        raise _error(folder, "config.json: architectures: must be a list of names")
    heads = (kind.model.head for kind in scored_kinds().values() if kind.is_trained)
    known = dict.fromkeys(head.auto_class for head in heads)
    found = [
        auto for auto in known for name in architectures if name.endswith(auto.removeprefix("AutoModel"))
    ]
    if not found and any(name.endswith(_PRETRAINED) for name in architectures):
        return NO_HEAD
    if architectures and not found:
        raise _error(
            folder,
            f"{cut(' '.join(architectures))} has no head that evaluation tasks score. Train one first "
            "(`xstilts run`), or give the folder of a …ForSequenceClassification or the like.",
        )
    return found[0] if found else _DEFAULT_CLASS


def _require_safetensors(folder: Path) -> None:
    if not any(folder.glob("*.safetensors")):
        raise _error(
            folder,
            "it holds no .safetensors file. Pickled weights can run code and are not opened. Give a folder "
            "with safetensors, as save_pretrained of transformers writes them.",
        )
    try:
        check_weights(folder)
    except ModelFileError as error:
        raise CheckpointError(str(error)) from error


def _max_length(folder: Path, config: dict[str, Any], given: int | None) -> int:
    for key in ("max_position_embeddings", "pad_token_id"):
        if not isinstance(config.get(key, 0), int | None) or isinstance(config.get(key), bool):
            raise _error(folder, f"config.json: {key}: {in_short(config[key])} is not a whole number")
    positions = usable_positions(config) or _NO_LIMIT
    if given is not None:
        if not _SHORTEST <= given <= positions:
            raise _error(folder, f"max_length {given} is not between {_SHORTEST} and {positions}")
        return given
    trained = config.get("xstilts")
    if isinstance(trained, dict) and isinstance(trained.get("max_length"), int):
        usual = int(trained["max_length"])
    else:
        usual = min(_tokenizer_limit(folder), _LONGEST_DEFAULT)
    if min(usual, positions) < _SHORTEST:
        raise _error(
            folder,
            f"its files say that it reads {in_short(min(usual, positions))} tokens; correct "
            "max_position_embeddings in config.json, or model_max_length in tokenizer_config.json",
        )
    return min(usual, positions)


def _tokenizer_limit(folder: Path) -> int:
    path = folder / "tokenizer_config.json"
    try:
        limit = json.loads(path.read_text(encoding="utf-8")).get("model_max_length")
    except (OSError, ValueError, AttributeError, RecursionError):
        return _LONGEST_DEFAULT
    return int(limit) if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT else _LONGEST_DEFAULT

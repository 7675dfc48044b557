"""A stage that keeps its adapter beside the name of its base, instead of a whole model.

Such a folder has the tokenizer and the configuration of a whole model; of its weights only the adapter
(`adapter_model.safetensors`), the head, and in `xstilts_base.json` the pretrained model with its fingerprint.
"""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.models.files import ModelFileError, read_json, read_tensors, tensor_shapes, weight_files
from harness.models.references import ModelRef, resolve_model

BASE = "xstilts_base.json"
ADAPTER = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
PREFIX = "base_model.model."
"""With which peft begins the names of an adapter's tensors."""
HEAD = "head.safetensors"


class ChangedBaseError(UserError):
    """The model that an adapter belongs to is another one now."""


class AdapterBase(FrozenModel):
    """What an adapter belongs to."""

    model: ModelRef = Field(description="The pretrained model, as the sequence file names it.")
    fingerprint: str = Field(description="Of its content, or a hub model's commit.")
    scale: float = Field(description="alpha / rank: factor of B · A.")
    matrices: tuple[str, ...] = Field(description="Names of the weights that the products are added to.")

    @classmethod
    def of(cls, folder: Path) -> "AdapterBase | None":
        """Return what a folder's adapter belongs to; None where it holds a whole model.

        Raises:
            ModelFileError: the file that says so is damaged.
        """
        if not (folder / BASE).is_file():
            return None
        try:
            return cls.model_validate(read_json(folder / BASE))
        except ValueError as error:
            raise ModelFileError(f"{folder / BASE}: not what xstilts wrote; train the stage again") from error

    def folder(self) -> Path:
        """Return the folder of the base, converted or downloaded at first use.

        Raises:
            ChangedBaseError: it is no longer the same model.
            UserError: it cannot be had.
        """
        found = _fingerprint(self.model)
        if found != self.fingerprint:
            raise ChangedBaseError(
                f"model {self.model.name}: an adapter was trained on it when its fingerprint was "
                f"{self.fingerprint[:16]}, and now it is {found[:16]}; restore the model, or train again"
            )
        return self.model.local().folder


@cache
def _fingerprint(model: ModelRef) -> str:
    return resolve_model(model).fingerprint


def weights_of(folder: Path) -> dict[str, Any]:
    """Map the tensors of a model's folder, by name; those of an adapter's are merged into its base.

    Raises:
        UserError: a file is missing or damaged, or the base is not what it was.
    """
    base = AdapterBase.of(folder)
    if base is None:
        weights: dict[str, Any] = {}
        for file in weight_files(folder):
            weights |= read_tensors(file)
        return weights
    weights, pairs = weights_of(base.folder()), read_tensors(folder / ADAPTER)
    named = {_found(weights, name): name for name in base.matrices}
    # The base may have been saved without the prefix of the model with its head.
    for found, name in named.items():
        first, second = (pairs[f"{PREFIX}{name.removesuffix('.weight')}.lora_{part}.weight"] for part in "AB")
        weights[found] = weights[found].float() + base.scale * (second @ first)
    if (folder / HEAD).is_file():
        weights |= read_tensors(folder / HEAD)
    return weights


def _found(weights: dict[str, Any], name: str) -> str:
    while name not in weights and "." in name:
        name = name.partition(".")[2]
    return name


def shapes_of(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors of a model's folder, by name, from the headers of its files.

    Raises:
        UserError: as `weights_of`.
    """
    base = AdapterBase.of(folder)
    if base is None:
        return tensor_shapes(folder)
    head = read_tensors(folder / HEAD) if (folder / HEAD).is_file() else {}
    return tensor_shapes(base.folder()) | {name: tuple(tensor.shape) for name, tensor in head.items()}

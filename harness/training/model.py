"""A model to train: an encoder with a fresh head, or a text-to-text model, which has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.config.hyperparameters import Hyperparameters, LoraAdapter
from harness.errors import UserError
from harness.kinds.registry import TrainingTask
from harness.models.adapters import ADAPTER, AdapterBase, shapes_of, weights_of
from harness.models.files import read_tensors
from harness.models.references import ModelRef
from harness.models.xmod import freeze_adapters
from harness.training.adapter import Adapted, add_adapter, in_training, own_name
from harness.training.model_config import configured, dropouts
from harness.training.network import Network, build_network
from harness.training.used_rows import train_used_rows


class NoCheckpointingError(UserError):
    """The architecture cannot compute activations again."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to train, on the CPU, in fp32.

    Attributes:
        model: Encoder and head.
        config: The configuration as the folder has it, with the head's settings but no dropout override.
        frozen: Tensors that training leaves as they are, by name: frozen parameters and saved buffers.
        head_names: Names of the head's tensors.
        carried: Tensors of the encoder that this head does without (a pooler), by name; later heads may not.
        adapted: The matrices that have an adapter, where one is trained.
        renamed: Name of each parameter of the model -> the name under which it is saved.
    """

    model: Any
    config: Any
    frozen: dict[str, torch.Tensor]
    head_names: frozenset[str]
    carried: dict[str, torch.Tensor]
    adapted: Adapted | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    def own_name(self, name: str) -> str:
        """Return how a trained parameter is saved."""
        return self.renamed.get(name, name)


def load_model(
    model: ModelRef,
    task: TrainingTask,
    settings: Hyperparameters,
    seed: int,
    reused_head: Path | None = None,
    used_ids: npt.NDArray[np.int64] | None = None,
    *,
    mapped: bool = False,
) -> LoadedModel:
    """Load the encoder of a folder and put a fresh head on it, drawn by `seed`, or one that is reused.

    A head that the folder may hold (of a classifier, of masked language modelling) is never used.

    Args:
        model: A model of this machine, with safetensors.
        task: Decides the head.
        settings: Dropout override and frozen embeddings.
        seed: Seed of the head's weights.
        reused_head: Folder of an encoder with the head to start from.
        used_ids: The token ids that inputs can hold, ascending; None where that is not known.
        mapped: Leave the weights in the mapped files, since they are divided among processes.

    Raises:
        UnsupportedModelError: the architecture is not one that is trained.
        UnsuitedKindError: a text-to-text model cannot be trained on the task's kind.
        UnsafePrecisionError: a text-to-text model cannot be trained in fp16.
        IncompleteEncoderError: an encoder weight is missing in the folder.
        HeadNotReusableError: the reused head lacks weights.
        ModelFileError: a file of the folder is missing or damaged.
        InputTooLongError: `max_length` exceeds the model's positions.
    """
    head, config = configured(model, task, settings)
    active = type(config).from_dict(config.to_dict() | dropouts(config, settings.dropout))
    found, before = _weights(model.folder, settings.adapter)
    reused = weights_of(reused_head) if reused_head else {}
    network = build_network(model, active, head, seed, found, reused)
    adapted = _prepare(model, network, settings, seed, before, used_ids)
    return _loaded(network, config, adapted, mapped)


def _prepare(
    model: ModelRef,
    network: Network,
    settings: Hyperparameters,
    seed: int,
    before: dict[str, torch.Tensor],
    used_ids: npt.NDArray[np.int64] | None,
) -> Adapted | None:
    """Let a network train what the settings say; return its adapter, where it has one."""
    built, adapted = network.model, None
    freeze_adapters(built)
    if settings.adapter is not None:
        adapted = add_adapter(built, settings.adapter, network.head_names, seed, before)
    if settings.freeze_embeddings or adapted is not None:
        built.get_input_embeddings().weight.requires_grad_(False)
    elif used_ids is not None:
        train_used_rows(built, used_ids)
    if settings.activation_checkpointing:
        _checkpoint_activations(model, built)
    return adapted


def _loaded(network: Network, config: Any, adapted: Adapted | None, mapped: bool) -> LoadedModel:
    """Find out under which names the tensors of a network are saved, and which of them stay as they are."""
    built = network.model
    parameters = dict(built.named_parameters())
    names = _names(built, network.head_names)
    for parameter in parameters.values():
        if parameter.requires_grad and not mapped:
            # Tensors of a mapped file lie unaligned; kernels then take other paths, with other last bits.
            parameter.data = parameter.data.clone()
    tied = {name for name, _ in built.named_parameters(remove_duplicate=False)} - {*names.values()}
    trained = {names[id(parameter)] for parameter in parameters.values() if parameter.requires_grad}
    frozen = {
        own_name(name): tensor.detach()
        for name, tensor in built.state_dict(keep_vars=True).items()
        if name not in tied and name not in trained
    }
    if adapted is not None:
        frozen = {name: tensor for name, tensor in frozen.items() if name not in adapted.bases}
    renamed = {name: names[id(parameter)] for name, parameter in parameters.items()}
    return LoadedModel(built, config, frozen, network.head_names, network.carried, adapted, renamed)


def _names(built: Any, head_names: frozenset[str]) -> dict[int, str]:
    """Return the one name of each parameter (by its id) under which it is saved.

    The output layer of a language model is its embedding matrix under a second name, which some classes have
    first (XLM-R's): the matrix is the encoder's.
    """
    names: dict[int, str] = {}
    for name, parameter in built.named_parameters(remove_duplicate=False):
        if names.get(id(parameter), name) in head_names:
            names[id(parameter)] = name
        else:
            names.setdefault(id(parameter), name)
    return names


def _checkpoint_activations(model: ModelRef, built: Any) -> None:
    if not built.supports_gradient_checkpointing:
        raise NoCheckpointingError(
            f"training.activation_checkpointing: model {model.name}: transformers does not offer it for "
            f"{built.config.model_type}; leave it out, or use more accumulation"
        )
    built.config.use_cache = False
    built.gradient_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": True})


def _weights(
    folder: Path, adapter: LoraAdapter | None
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return the weights to start from and, where a stage goes on with an earlier one's adapter, that."""
    base = AdapterBase.of(folder)
    if base is None or adapter is None or adapter.merge:
        return weights_of(folder), {}
    pairs = read_tensors(folder / ADAPTER)
    return weights_of(base.folder()), {in_training(name): tensor for name, tensor in pairs.items()}


def check_loads(model: ModelRef, task: TrainingTask, settings: Hyperparameters) -> Any:
    """Return the model's configuration, once it is known that `load_model` would load it; reads no weights.

    Raises:
        UserError: as `load_model`.
    """
    head, config = configured(model, task, settings)
    # One number stands for each tensor, so that shapes and names are compared without the memory.
    found = {name: torch.zeros(1).expand(shape) for name, shape in shapes_of(model.folder).items()}
    build_network(model, config, head, 0, found, {})
    return config

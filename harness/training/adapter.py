"""Low-rank adapters (LoRA, Hu et al. 2021, https://arxiv.org/abs/2106.09685) by peft.

A weight matrix W of the encoder becomes W + alpha / rank · B · A, of which only A and B are trained, beside
the head. When the stage ends the product is added to W, or both are kept as a small file beside the name of
the model that they belong to (`harness.models.adapters`), and the next stage goes on with them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from harness.config.hyperparameters import LoraAdapter
from harness.errors import UserError
from harness.message_text import names_in_short
from harness.models.adapters import PREFIX

_NAME = "default"


class AdapterTargetError(UserError):
    """The adapter is to change layers that the model has not."""


@dataclass(frozen=True)
class Adapted:
    """The matrices of a model that have an adapter.

    Attributes:
        settings: Rank, alpha and the like.
        bases: Name of each matrix -> its values without the adapter, fp32.
    """

    settings: LoraAdapter
    bases: Mapping[str, Tensor] = field(repr=False)

    def merged(self, pairs: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
        """Yield each matrix with the product of its pair added to it.

        Args:
            pairs: The trained A and B of all matrices, by their names in training.
        """
        scale = self.settings.alpha / self.settings.rank
        for name, base in self.bases.items():
            first, second = (pairs[_lora(name, part)] for part in "AB")
            yield name, base + scale * (second @ first)


def is_adapters(name: str) -> bool:
    """Return whether a tensor of a model in training is an adapter's."""
    return ".lora_" in name


def _lora(name: str, part: str) -> str:
    return f"{name.removesuffix('.weight')}.lora_{part}.{_NAME}.weight"


def in_training(name: str) -> str:
    """Return how a model in training calls a tensor of an adapter's file."""
    return name.removeprefix(PREFIX).removesuffix(".weight") + f".{_NAME}.weight"


def in_file(name: str) -> str:
    """Return how an adapter's file calls a tensor of a model in training."""
    return PREFIX + name.removesuffix(f".{_NAME}.weight") + ".weight"


def own_name(name: str) -> str:
    """Return how the model without an adapter calls a tensor."""
    return name.replace(".base_layer.", ".")


def add_adapter(
    model: Any, settings: LoraAdapter, head: frozenset[str], seed: int, before: Mapping[str, Tensor]
) -> Adapted:
    """Put an adapter on a model's encoder and freeze all else but the head.

    Args:
        model: Encoder with a head, or a text-to-text model, on the CPU in fp32.
        settings: Which layers, of which rank.
        head: Names of the head's tensors.
        seed: Decides the values that A begins with; B begins with zeros.
        before: A and B of the stage before, by their names in the model, where it goes on with them.

    Raises:
        AdapterTargetError: no layer has one of the names that `targets` gives.
    """
    from peft import LoraConfig, inject_adapter_in_model

    names = _layers(model, settings, head)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=names,
        bias="none",
    )
    torch.manual_seed(seed)
    inject_adapter_in_model(config, model, adapter_name=_NAME)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(".lora_" in name or name in head)
        if name in before:
            parameter.data.copy_(before[name])
    parameters = dict(model.named_parameters())
    return Adapted(
        settings, {f"{name}.weight": parameters[f"{name}.base_layer.weight"].detach() for name in names}
    )


def _layers(model: Any, settings: LoraAdapter, head: frozenset[str]) -> list[str]:
    """Return the linear layers of the encoder that get an adapter, all or those of some names."""
    output = model.get_output_embeddings()
    known = [
        name
        for name, module in model.named_modules()
        if type(module) is nn.Linear and module is not output and f"{name}.weight" not in head
    ]
    if settings.targets is None:
        return known
    found = [name for name in known if name.rpartition(".")[2] in settings.targets]
    lacking = [one for one in settings.targets if not any(name.rpartition(".")[2] == one for name in found)]
    if lacking:
        last = dict.fromkeys(name.rpartition(".")[2] for name in known)
        raise AdapterTargetError(
            f"training.adapter.targets: the model has no linear layer named {names_in_short(lacking)}; it "
            f"has {names_in_short(last)}"
        )
    return found

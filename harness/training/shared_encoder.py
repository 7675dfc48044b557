"""One encoder under the heads of several tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.spec.hyperparameters import Hyperparameters
from harness.spec.training_task import TrainingTask
from harness.training.model import LoadedModel, load_model

_ENCODER = "encoder"
_MODELS = "models"


class SharedEncoder(nn.Module):
    """Hugging Face models, one for each task, whose encoder is one and the same module.

    Attributes:
        encoder: The encoder.
        models: The models; they call the encoder, but its parameters are not theirs.
    """

    def __init__(self, models: Sequence[Any], encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder
        self.models = nn.ModuleList(models)
        own = [
            {f"{_MODELS}.{at}.{name}" for name, _ in model.named_parameters()}
            for at, model in enumerate(models)
        ]
        for at, model in enumerate(models):
            prefix = model.base_model_prefix
            own[at] |= {f"{_ENCODER}.{name}" for name, _ in getattr(model, prefix).named_parameters()}
            setattr(model, prefix, encoder)
            # A language model's output layer is the encoder's word embeddings.
            model.tie_weights()
            del model._modules[prefix]
            model.__dict__[prefix] = encoder
        trained = [name for name, parameter in self.named_parameters() if parameter.requires_grad]
        self._idle = [[name for name in trained if name not in used] for used in own]

    def forward(self, task: int, inputs: Mapping[str, Tensor]) -> tuple[Any, Tensor]:
        """Return the output of a task's model, and a zero to be added to its loss.

        The zero depends on every trained parameter that the task does without, so that those have a
        gradient, zero, in every step: what ZeRO 3 keeps of an earlier step would else be taken for it.
        AdamW moves them by their momentum meanwhile, as it does at any gradient of zero.
        """
        zero = torch.zeros((), device=next(iter(inputs.values())).device)
        for name in self._idle[task]:
            zero = zero + 0.0 * self._parameter(name).reshape(-1)[:1].sum()
        return self.models[task](**inputs), zero

    def _parameter(self, name: str) -> Tensor:
        # By attributes: so DeepSpeed learns that a module uses a parameter of another, and gathers it.
        *path, last = name.split(".")
        module: Any = self
        for part in path:
            module = getattr(module, part)
        parameter: Tensor = getattr(module, last)
        return parameter


@dataclass(frozen=True)
class LoadedMixture:
    """An encoder with a head for each task, ready to train, on the CPU, in fp32.

    Attributes:
        model: The module to train.
        parts: Each task's model; all have the encoder of `parts[holder]`.
        holder: The number of the task whose model has the most of the encoder (its pooler).
    """

    model: SharedEncoder
    parts: tuple[LoadedModel, ...]
    holder: int

    def weights(self, part: int, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return one task's share of the trained parameters, under the names of its model."""
        prefix, own = self.parts[part].model.base_model_prefix, f"{_MODELS}.{part}."
        encoder = f"{_ENCODER}."
        return {
            f"{prefix}.{name.removeprefix(encoder)}"
            if name.startswith(encoder)
            else name.removeprefix(own): tensor
            for name, tensor in trained.items()
            if name.startswith((encoder, own))
        }


def load_mixture(
    folder: Path,
    tasks: Sequence[tuple[TrainingTask, Hyperparameters, Path | None]],
    seed: int,
    trust_remote_code: bool,
) -> LoadedMixture:
    """Load the encoder of a folder and put a head on it for each task, new ones drawn by `seed`.

    Args:
        folder: Hugging Face model folder with safetensors.
        tasks: The tasks with their settings, and the folder of the head that one keeps.
        seed: Seed of each head's weights: those that the task would begin with alone.
        trust_remote_code: Run the model code of the folder.

    Raises:
        UserError: as `load_model`.
    """
    parts = tuple(
        load_model(folder, task, settings, seed, trust_remote_code, kept) for task, settings, kept in tasks
    )
    encoders = [part.model.base_model for part in parts]
    sizes = [sum(1 for _ in encoder.parameters()) for encoder in encoders]
    holder = sizes.index(max(sizes))
    return LoadedMixture(SharedEncoder([part.model for part in parts], encoders[holder]), parts, holder)

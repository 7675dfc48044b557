"""One encoder under the heads of several tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.config.hyperparameters import Hyperparameters
from harness.kinds.registry import TrainingTask
from harness.models.references import ModelRef
from harness.models.xmod import set_language
from harness.training.model import LoadedModel, load_model

_ENCODER = "encoder"
_MODELS = "models"


class SharedEncoder(nn.Module):
    """Hugging Face models, one for each task, whose encoder is one and the same module.

    Attributes:
        encoder: The encoder.
        models: The models; they call the encoder, but its parameters are not theirs.
    """

    def __init__(
        self, models: Sequence[Any], encoder: Any, used: Sequence[set[str]], languages: Sequence[str] = ()
    ) -> None:
        """Put the models on one encoder.

        Args:
            models: Models of one architecture.
            encoder: What each is to call.
            used: Of each model, the names of the parameters that it has alone.
            languages: Of each model's rows, for an encoder that must know it.
        """
        super().__init__()
        self.encoder = encoder
        self._languages = languages
        self.models = nn.ModuleList(models)
        for model in models:
            prefix = model.base_model_prefix
            setattr(model, prefix, encoder)
            # A language model's output layer is the encoder's word embeddings.
            model.tie_weights()
            del model._modules[prefix]
            model.__dict__[prefix] = encoder
        trained = [name for name, parameter in self.named_parameters() if parameter.requires_grad]
        self._idle = [
            [name for name in trained if _own_name(name, at, model.base_model_prefix) not in used[at]]
            for at, model in enumerate(models)
        ]

    def forward(self, task: int, inputs: Mapping[str, Tensor]) -> tuple[Any, Tensor]:
        """Return the output of a task's model, and a zero to be added to its loss.

        The zero depends on every trained parameter that the task does without, so that those have a
        gradient, zero, in every step: what ZeRO 3 keeps of an earlier step would else be taken for it.
        AdamW moves them by their momentum meanwhile, as it does at any gradient of zero.
        """
        # First: an encoder calls its pooler for every head, and ZeRO 3 releases its parameters thereafter,
        # though the backward pass of the zero needs them.
        if self._languages:
            set_language(self.encoder.config, self._languages[task])
        output = self.models[task](**inputs)
        zero = torch.zeros((), device=next(iter(inputs.values())).device)
        for name in self._idle[task]:
            zero = zero + 0.0 * self._parameter(name).reshape(-1)[:1].sum()
        return output, zero

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

    def own_name(self, part: int, name: str) -> str | None:
        """Return how one of the models calls a parameter of the module; None where it is another's."""
        found = _own_name(name, part, self.parts[part].model.base_model_prefix)
        return None if found is None else self.parts[part].own_name(found)


def _own_name(name: str, part: int, prefix: str) -> str | None:
    """Return how one of the models calls a parameter of `SharedEncoder`; None where it is another's."""
    if name.startswith(f"{_ENCODER}."):
        return f"{prefix}.{name.removeprefix(f'{_ENCODER}.')}"
    own = f"{_MODELS}.{part}."
    return name.removeprefix(own) if name.startswith(own) else None


def load_mixture(
    model: ModelRef,
    tasks: Sequence[tuple[TrainingTask, Hyperparameters, Path | None]],
    seed: int,
    used_ids: npt.NDArray[np.int64] | None = None,
    *,
    mapped: bool = False,
) -> LoadedMixture:
    """Load the encoder of a model and put a head on it for each task, new ones drawn by `seed`.

    Args:
        model: A model of this machine, with safetensors.
        tasks: The tasks with their settings, and the folder of the model whose head one reuses.
        seed: Seed of each head's weights: those that the task would begin with alone.
        used_ids: The token ids that inputs of any of the tasks can hold, ascending; None: not known.
        mapped: As for `load_model`.

    Raises:
        UserError: as `load_model`.
    """
    parts: list[LoadedModel] = []
    used: list[set[str]] = []
    holder, encoder, most = 0, None, 0
    for task, settings, head in tasks:
        part = load_model(model, task, settings, seed, head, used_ids, mapped=mapped)
        parts.append(part)
        used.append({name for name, _ in part.model.named_parameters()})
        count = sum(1 for _ in part.model.base_model.parameters())
        if count > most:
            holder, encoder, most = len(parts) - 1, part.model.base_model, count
        # At once, so that there are never more than two encoders in memory.
        for one in parts:
            setattr(one.model, one.model.base_model_prefix, encoder)
    languages = [task.language for task, _, _ in tasks]
    shared = SharedEncoder([part.model for part in parts], encoder, used, languages)
    return LoadedMixture(shared, tuple(parts), holder)

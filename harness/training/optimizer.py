"""The optimizer with its parameter groups, and the learning rate over a stage."""

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from harness.config.hyperparameters import Hyperparameters, Optimizer, Schedule

# Of BERT's kind `encoder.layer.3.`, of ModernBERT's and decoders' `layers.3.`, of T5's `decoder.block.3.`.
_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|block|h)\.(\d+)\.")
_EMBEDDINGS = re.compile(r"(?:^|\.)(?:\w*embeddings?|embed_tokens|shared|wte|wpe)\.")


def make_optimizer(model: torch.nn.Module, settings: Hyperparameters) -> torch.optim.Optimizer:
    """Return the optimizer over the trainable parameters, without weight decay on biases and norms.

    AdamW: betas 0.9 and 0.999, epsilon 1e-8 (Loshchilov & Hutter 2019; decay groups as in BERT, Devlin et al.
    2019). Adafactor (Shazeer & Stern 2018, https://arxiv.org/abs/1804.04235) at a given rate, with steps
    relative to the size of the weights, without momentum, as T5 (Raffel et al. 2020, 3.1.2) and mT5 do it.
    """
    groups = list(_groups(model, settings))
    if settings.optimizer is Optimizer.ADAFACTOR:
        from transformers.optimization import Adafactor

        optimizer: torch.optim.Optimizer = Adafactor(
            groups, lr=settings.learning_rate, scale_parameter=True, relative_step=False, warmup_init=False
        )
        return optimizer
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def _groups(model: torch.nn.Module, settings: Hyperparameters) -> Iterator[dict[str, Any]]:
    """Yield groups of parameters, those with the highest learning rate first."""
    trainable = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
    depths = _depths([name for name, _ in trainable]) if settings.layer_decay else [0] * len(trainable)
    for depth in sorted(set(depths)):
        own = [one for (_, one), at in zip(trainable, depths, strict=True) if at == depth]
        rate = {"lr": settings.learning_rate * settings.layer_decay**depth} if settings.layer_decay else {}
        # Biases and the weights of norms are the vectors of a transformer.
        matrices, vectors = [p for p in own if p.ndim > 1], [p for p in own if p.ndim <= 1]
        # An empty group (LoRA on a decoder trains no vector) DeepSpeed removes, and the schedule misses it.
        if matrices:
            yield {"params": matrices, "weight_decay": settings.weight_decay, **rate}
        if vectors:
            yield {"params": vectors, "weight_decay": 0.0, **rate}


def _depths(names: list[str]) -> list[int]:
    """Return how far each parameter is from the output, in layers.

    0 for the head and what stands above the layers, 1 for the last layer, one more than the layers for the
    embeddings (Clark et al. 2020, https://arxiv.org/abs/2003.10555, appendix A). Encoder and decoder of a
    text-to-text model both end at 1.
    """
    places = [(name, _LAYER.search(name)) for name in names]
    counts: dict[str, int] = {}
    for name, found in places:
        if found:
            part = name[: found.start()]
            counts[part] = max(counts.get(part, 0), int(found[1]) + 1)
    most = max(counts.values(), default=0)
    depths = []
    for name, found in places:
        if found:
            depths.append(counts[name[: found.start()]] - int(found[1]))
        else:
            depths.append(most + 1 if _EMBEDDINGS.search(name) else 0)
    return depths


def make_schedule(optimizer: torch.optim.Optimizer, settings: Hyperparameters, steps: int) -> LambdaLR:
    """Return linear warm-up, then what `schedule` says.

    The warm-up takes `warmup_steps`, else `warmup_ratio` of the steps (rounded down).
    """
    import transformers

    ratio, given = settings.warmup_ratio, settings.warmup_steps
    warmup = int(ratio * steps) if given is None else min(given, steps)
    schedule: LambdaLR
    match settings.schedule:
        case Schedule.CONSTANT:
            schedule = transformers.get_constant_schedule_with_warmup(optimizer, warmup)
        case Schedule.COSINE:
            schedule = transformers.get_cosine_schedule_with_warmup(optimizer, warmup, steps)
        case Schedule.LINEAR:
            schedule = transformers.get_linear_schedule_with_warmup(optimizer, warmup, steps)
    return schedule

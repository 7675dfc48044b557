"""AdamW with its parameter groups, and the learning rate over a stage."""

from typing import Any

import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from harness.config.hyperparameters import Hyperparameters, Schedule


def make_optimizer(model: torch.nn.Module, settings: Hyperparameters) -> AdamW:
    """Return AdamW over the trainable parameters, without weight decay on biases and norms.

    Betas 0.9 and 0.999, epsilon 1e-8 (Loshchilov & Hutter 2019; decay groups as in BERT, Devlin et al. 2019).
    """
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        # Biases and the weights of norms are the vectors of a transformer.
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=settings.learning_rate, fused=True)


def make_schedule(optimizer: AdamW, settings: Hyperparameters, steps: int) -> LambdaLR:
    """Return linear warm-up over `warmup_ratio` of the steps (rounded down), then what `schedule` says."""
    from transformers import get_constant_schedule_with_warmup, get_linear_schedule_with_warmup

    warmup = int(settings.warmup_ratio * steps)
    schedule: LambdaLR
    if settings.schedule is Schedule.CONSTANT:
        schedule = get_constant_schedule_with_warmup(optimizer, warmup)
    else:
        schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    return schedule

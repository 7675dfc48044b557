"""Dropout that a CPU draws quickly.

torch draws a Bernoulli variable for each element with its serial generator, which takes a sixth of a training
step of a small encoder. Here one 64-bit draw of the same generator decides four elements, 16 bits for each.
"""

import torch
from torch import Tensor, nn

_LEVELS = 2**16


def dropout(values: Tensor, probability: float) -> Tensor:
    """Set elements to zero with a probability, rounded to 1/65536, and scale the others to keep the mean.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html, scaled in training ("inverted").
    Reproducible by `torch.manual_seed`, whatever the number of threads.

    Args:
        values: Of any shape, on the CPU.
        probability: From 0 to below 1.
    """
    dropped = min(round(probability * _LEVELS), _LEVELS - 1)
    draws = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    drawn = draws.view(torch.int16)[: values.numel()].view(values.shape)
    kept = torch.empty_like(values, requires_grad=False)
    torch.ge(drawn, dropped - _LEVELS // 2, out=kept)
    return values * kept.mul_(_LEVELS / (_LEVELS - dropped))


class CpuDropout(nn.Dropout):
    """`torch.nn.Dropout`, quicker on a CPU and the same elsewhere."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's own name)
        """Return the values with some set to zero in training, as they are otherwise."""
        if not self.training or not self.p:
            return input
        if input.device.type != "cpu":
            return super().forward(input)
        return dropout(input, self.p)


def enable_cpu_dropout(model: nn.Module) -> None:
    """Let every plain `Dropout` of a model be a `CpuDropout`."""
    for module in model.modules():
        if type(module) is nn.Dropout:
            module.__class__ = CpuDropout

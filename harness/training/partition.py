"""A model's parameters divided among the processes before DeepSpeed's ZeRO 3 gets it."""

from typing import Any

import torch
from torch import nn

from harness.config.hyperparameters import Precision

DTYPES = {Precision.FP32: torch.float32, Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


def partition_parameters(
    model: nn.Module, config: dict[str, Any], precision: Precision, device: torch.device
) -> None:
    """Divide a model's parameters, one by one, so that no process ever holds a copy of all of them.

    DeepSpeed would first convert the whole model to the number format and move it to the device; its context
    `deepspeed.zero.Init` divides a model as it is constructed, and this one as it lies in a mapped file.

    Args:
        model: On the CPU; its weights may be those of a mapped file.
        config: DeepSpeed's configuration, of ZeRO level 3.
        precision: Number format of the forward and backward pass.
        device: Where it is computed.
    """
    from deepspeed.runtime.zero import Init

    first: Any = None
    for parameter in model.parameters():
        # Also where nothing is converted: the first process's values are written into those of the others.
        parameter.data = parameter.data.to(device, DTYPES[precision], copy=True)
        if first is None:
            holder = nn.Module()
            holder.register_parameter("first", parameter)
            Init(module=holder, config_dict_or_path=config)
            first = parameter
        else:
            first.convert_to_zero_parameters(param_list=[parameter])
    for buffer in model.buffers():
        buffer.data = buffer.data.to(device)

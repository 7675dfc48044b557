"""DeepSpeed 0.19: what ZeRO 3 leaves for the whole process."""

import inspect

import torch

_LINEAR = torch.nn.functional.linear


def undo_zero3() -> None:
    """Take back what ZeRO 3 leaves in the process, on which its next stage would depend."""
    from deepspeed.runtime.zero import parameter_offload
    from deepspeed.runtime.zero.partitioned_param_coordinator import PartitionedParameterCoordinator

    # Its own linear layer (partition_parameters.py, _enable_mem_efficient_linear) rounds otherwise.
    torch.nn.functional.linear = _LINEAR
    # The outermost module is entered and never left, and holds its model and its engine.
    parameter_offload.FWD_MODULE_STACK.clear()
    for method in vars(PartitionedParameterCoordinator).values():
        if inspect.isfunction(method):
            # A cache of results by coordinator and module, inside DeepSpeed's own decorator.
            clear = getattr(inspect.getclosurevars(method).nonlocals.get("func"), "cache_clear", None)
            if clear:
                clear()

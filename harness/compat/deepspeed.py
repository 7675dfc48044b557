"""DeepSpeed 0.19: what its first engine imports, and what ZeRO 3 leaves for the whole process."""

import inspect
import os
from contextlib import suppress

import torch

_LINEAR = torch.nn.functional.linear


def import_muon() -> None:
    """Import Muon, an optimizer that nobody uses here, without torch's compiler, an import of a second.

    DeepSpeed does it to see whether its first engine's optimizer is one that it knows (zero/utils.py,
    is_zero_supported_optimizer); Muon's functions are decorated with `torch.compile`.
    """
    before = os.environ.get("TORCHDYNAMO_DISABLE")
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    try:
        with suppress(ImportError):  # DeepSpeed's check suppresses it too
            from deepspeed.runtime.zero.muon import muon_optimizer  # noqa: F401
    finally:
        del os.environ["TORCHDYNAMO_DISABLE"]
        if before is not None:
            os.environ["TORCHDYNAMO_DISABLE"] = before


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

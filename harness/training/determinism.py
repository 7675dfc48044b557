"""The same bits from the same work on a GPU, as CPUs give them anyway."""

import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeVar

import torch

T = TypeVar("T")

_REFUSED = "does not have a deterministic implementation"
_log = logging.getLogger(__name__)
_all_operations = ContextVar("all_operations", default=False)
"""Whether `with_all_operations` is at its second try."""


def enable_determinism() -> None:
    """Let CUDA take deterministic kernels only; to be called before the first of them runs.

    Strict, since attention asks whether it may merely warn, and then keeps the kernel that adds gradients up
    in whatever order they come (attention_backward.cu and sdp_utils.cpp of torch 2.13, in
    aten/src/ATen/native/transformers/cuda). New tensors are not filled with NaN, which torch does beside to
    show reads of what nobody wrote: that is up to 0.8 times as many kernels again, and changes nothing.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=_all_operations.get())
    torch._C._set_deterministic_fill_uninitialized_memory(False)


def is_deterministic() -> bool:
    """Return whether this process refuses what is not deterministic, or computes on a CPU."""
    return not torch.is_deterministic_algorithms_warn_only_enabled()


def with_all_operations(work: Callable[[], T]) -> T:
    """Do `work`; once more, and with all operations for as long, where one has no deterministic form.

    What this process does afterwards is deterministic again, so that no stage depends on its neighbours.
    """
    try:
        return work()
    except RuntimeError as error:
        if _REFUSED not in str(error) or not is_deterministic():
            raise
        _log.warning("%s; two runs may differ", str(error).split(". ", maxsplit=1)[0])
    token = _all_operations.set(True)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        return work()
    finally:
        _all_operations.reset(token)
        torch.use_deterministic_algorithms(True)

"""The processes among which lm-eval deals out the documents."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from harness.errors import UserError
from harness.message_text import first_line
from harness.training.determinism import enable_determinism
from harness.training.distributed import local_gpu

_ANNOUNCE = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_OTHERS_COME_WITHIN = timedelta(minutes=2)


class DeviceError(UserError):
    """A device that this machine does not have."""


class ProcessGroupError(UserError):
    """The environment announces other processes, and they do not come."""


class Processes:
    """The process group of this process; a group of one where none was started.

    Joins the group that `torchrun` announces in the environment, unless the program has already done so.
    """

    def __init__(self, device: str) -> None:
        self.device = _find_device(device)
        if self.device.type == "cuda":
            enable_determinism()
            # lm-eval gathers objects by the current device, which would be the first one on every rank.
            torch.cuda.set_device(self.device)
        if not dist.is_initialized() and os.environ.get("WORLD_SIZE", "1") != "1":
            _join_group("nccl" if self.device.type == "cuda" else "gloo")
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.size = dist.get_world_size() if dist.is_initialized() else 1

    def all_gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the tensors of all processes: scalars as a vector, others one after another."""
        if self.size == 1:
            return tensor.reshape(-1)
        vector = tensor.reshape(1) if tensor.dim() == 0 else tensor
        gathered = [torch.empty_like(vector) for _ in range(self.size)]
        dist.all_gather(gathered, vector)
        return torch.cat(gathered)

    def gather_object(self, value: Any, destination: int) -> list[Any] | None:
        """Return every process's object at `destination`, by rank, and None elsewhere."""
        if self.size == 1:
            return [value]
        gathered: list[Any] | None = [None] * self.size if self.rank == destination else None
        dist.gather_object(value, gathered, dst=destination)
        return gathered

    def barrier(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            dist.barrier()


def _join_group(backend: str) -> None:
    """Join the group that the environment announces.

    Raises:
        ProcessGroupError: it is incomplete, or the others do not come.
    """
    try:
        dist.init_process_group(backend, timeout=_OTHERS_COME_WITHIN)
    except (ValueError, RuntimeError) as error:  # torch's DistError is a RuntimeError
        found = ", ".join(f"{name}={os.environ[name]}" for name in _ANNOUNCE if name in os.environ)
        raise ProcessGroupError(
            f"the environment announces a group of processes ({found}), which did not form: "
            f"{first_line(error)}. To score in one process, unset "
            f"{', '.join(_ANNOUNCE)}; to score in several, start them by torchrun"
        ) from error


def _find_device(wanted: str) -> torch.device:
    """Return the device; `auto` takes this process's GPU if there is one.

    lm-eval's command line asks for `cuda:0` whether there is one or not, so that is taken for `auto`.
    """
    if wanted in ("auto", "cuda", "cuda:0"):
        if not torch.cuda.is_available():
            return torch.device("cpu")
        return torch.device("cuda", local_gpu())
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise DeviceError(f"device {wanted!r} is unknown; use auto, cpu or cuda:N") from None
    available: Sequence[bool] = (device.type != "cuda", (device.index or 0) < torch.cuda.device_count())
    if not any(available):
        raise DeviceError(
            f"device {wanted}: this machine has {torch.cuda.device_count()} GPUs; use auto or cpu"
        )
    return device

"""A collator: batches of a kind's rows, as tensors."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.kinds.token_rows import IGNORED_LABEL, TokenizedRows

Rows = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Draw:
    """What decides the drawings of a step: the same for any number of processes, and after a resume."""

    seed: int
    step: int


class Collator(ABC):
    """Makes batches of the rows of one kind; a row is what a batch counts.

    Attributes:
        tokens: The rows as token ids.
    """

    def __init__(self, tokens: TokenizedRows) -> None:
        self.tokens = tokens

    @property
    def lengths(self) -> Rows:
        """`[rows]` tokens of each row."""
        return self.tokens.lengths

    @property
    def examples(self) -> Rows:
        """`[rows]` which row of the data each is of, ascending."""
        return self.tokens.examples

    def loss_denominator(self, rows: Rows) -> int:
        """Return how many predictions of these rows are averaged into the loss."""
        return len(rows)

    @abstractmethod
    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the model's inputs and, as `labels`, what it must find; the first dimension is the rows'."""

    def tensors(self, rows: Rows, device: torch.device, draw: Draw) -> dict[str, torch.Tensor]:
        """Return a batch, int64, or float32 where numbers are predicted.

        No row at all gives one row that counts nothing, since every process must take part in every pass.
        """
        arrays = self.arrays(rows if len(rows) else np.zeros(1, np.int64), draw)
        if not len(rows):
            labels = arrays["labels"]
            arrays["labels"] = np.full_like(labels, np.nan if labels.dtype.kind == "f" else IGNORED_LABEL)
        return {name: _on(torch.from_numpy(array), device) for name, array in arrays.items()}


def _on(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


class RowTargets(Collator):
    """Batches with one target for each row, the column `label`."""

    def arrays(self, rows: Rows, draw: Draw) -> Arrays:
        """Return the inputs `[rows, width]` and labels `[rows]`."""
        return self.tokens.padded(rows) | {"labels": self.tokens.targets["label"].values[rows]}

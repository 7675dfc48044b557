"""Sequences of token ids, end to end, and batches of them padded to one width."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

IGNORED_LABEL = -100
"""The label of a row or token that counts nothing."""


@cache
def _width_multiple() -> int:
    """GPUs multiply matrices best in eights; CPUs in pairs already, without a fifth more of padding."""
    import torch

    return 8 if torch.cuda.is_available() else 2


@dataclass(frozen=True)
class Target:
    """One of the kind's own columns.

    Attributes:
        values: `[sequences]`, `[sequences, size]` for lists of one size, else the lists end to end.
        starts: `[sequences + 1]` where each sequence's list begins in `values`; None for the others.
    """

    values: npt.NDArray[Any]
    starts: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class TokenizedRows:
    """Rows of a task as sequences of token ids, one or several for each row of its data.

    Attributes:
        ids: `[tokens]` token ids of all sequences.
        types: `[tokens]` segment ids, or None where the model takes none.
        starts: `[sequences + 1]` where each sequence begins in `ids`.
        examples: `[sequences]` which row of the data each is of, ascending.
        pad_id: Token id that fills up.
        max_length: Longest input in tokens.
        facts: Other numbers that the kind's collator needs.
        targets: The kind's own columns, by the names that its features give them.
        rounded: Whether batches are padded to a round width, which some devices compute faster.
    """

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    starts: npt.NDArray[np.int64]
    examples: npt.NDArray[np.int64]
    pad_id: int
    max_length: int
    facts: Mapping[str, int]
    targets: Mapping[str, Target]
    rounded: bool = True

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Return the rows of a table that a kind's `features` made."""
        facts = {name.decode(): int(value) for name, value in table.schema.metadata.items()}
        columns = {name: _target(table[name].combine_chunks()) for name in table.column_names}
        ids = columns.pop("input_ids")
        types, example = columns.pop("token_type_ids", None), columns.pop("example", None)
        assert ids.starts is not None
        return cls(
            ids=ids.values,
            types=types.values if types else None,
            starts=ids.starts,
            examples=example.values if example else np.arange(len(ids.starts) - 1),
            pad_id=facts.pop("pad_id"),
            max_length=facts.pop("max_length"),
            facts=facts,
            targets=columns,
        )

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """`[sequences]` tokens of each sequence."""
        return np.diff(self.starts)

    @property
    def used_ids(self) -> npt.NDArray[np.int64]:
        """`[distinct]` the token ids that padded sequences can hold, ascending."""
        return np.union1d(np.flatnonzero(np.bincount(self.ids)), [self.pad_id])

    def positions(self, sequences: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """`[tokens of them]` where the tokens of these sequences stand in `ids`."""
        return np.concatenate([np.arange(self.starts[one], self.starts[one + 1]) for one in sequences])

    def filled(self, sequences: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """`[sequences, width]` where there is a token; width is a round number if it fits."""
        lengths = self.starts[sequences + 1] - self.starts[sequences]
        longest = int(lengths.max())
        multiple = _width_multiple() if self.rounded else 1
        width = max(longest, min(-(-longest // multiple) * multiple, self.max_length))
        filled: npt.NDArray[np.bool_] = np.arange(width) < lengths[:, None]
        return filled

    def padded(self, sequences: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Return input_ids, attention_mask and, where the model takes them, token_type_ids.

        Each is `[sequences, width]`.
        """
        filled, at = self.filled(sequences), self.positions(sequences)
        ids = np.full(filled.shape, self.pad_id, np.int64)
        ids[filled] = self.ids[at]
        arrays = {"input_ids": ids, "attention_mask": filled.astype(np.int64)}
        if self.types is not None:
            types = np.zeros(filled.shape, np.int64)
            types[filled] = self.types[at]
            arrays["token_type_ids"] = types
        return arrays


def _target(column: Any) -> Target:
    if pa.types.is_fixed_size_list(column.type):
        return Target(column.flatten().to_numpy().reshape(len(column), -1))
    if pa.types.is_list(column.type):
        lengths = column.value_lengths().to_numpy()
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Target(column.flatten().to_numpy(), starts)
    return Target(column.to_numpy())

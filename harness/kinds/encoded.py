"""The table of a task's token ids while it grows, and what surrounds a text in a model's input."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Dataset

CHUNK = 10_000
"""Rows that are tokenized at once."""

_INPUT_TYPES: dict[str, pa.DataType] = {
    "input_ids": pa.list_(pa.int32()),
    "token_type_ids": pa.list_(pa.int8()),
}


@dataclass
class Encoded:
    """Columns of sequences, one entry each: `input_ids`, perhaps `token_type_ids`, and the kind's own.

    Attributes:
        facts: Numbers that hold for all sequences.
        types: The types of the kind's own columns; `example` is the row of the data, where it is not the
            sequence's own number.
    """

    facts: dict[str, int]
    types: dict[str, pa.DataType]
    _chunks: dict[str, list[pa.Array]] = field(default_factory=dict)

    def add(self, **columns: Any) -> None:
        """Append sequences: one value for each in every column."""
        for name, values in columns.items():
            self._chunks.setdefault(name, []).append(pa.array(values, type=(_INPUT_TYPES | self.types)[name]))

    def table(self) -> pa.Table:
        """Return all sequences, with the facts as metadata."""
        columns = {name: pa.chunked_array(arrays) for name, arrays in self._chunks.items()}
        facts = {name: str(value) for name, value in self.facts.items()}
        return pa.table(columns).combine_chunks().replace_schema_metadata(facts)


@dataclass(frozen=True)
class Frame:
    """The special tokens around a single text.

    Attributes:
        before: Token ids before it.
        after: Token ids after it.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Any) -> "Frame":
        """Return the frame that a tokenizer puts around texts."""
        probe = tokenizer("a", return_special_tokens_mask=True)
        ids, special = probe["input_ids"], np.array(probe["special_tokens_mask"])
        text = np.flatnonzero(special == 0)
        return cls(tuple(ids[: text[0]]), tuple(ids[text[-1] + 1 :]))

    @property
    def size(self) -> int:
        """Number of special tokens."""
        return len(self.before) + len(self.after)

    def around(self, ids: Sequence[int]) -> list[int]:
        """Return a text's token ids with the special ones."""
        return [*self.before, *ids, *self.after]


def common_facts(tokenizer: Any, max_length: int) -> dict[str, int]:
    """Return the facts that every kind needs: pad_id and max_length."""
    return {"pad_id": tokenizer.pad_token_id or 0, "max_length": max_length}


def segment_columns(tokenizer: Any) -> list[str]:
    """Return the columns of token ids and, where the model takes them, segment ids."""
    with_types = "token_type_ids" in tokenizer.model_input_names
    return ["input_ids", "token_type_ids"] if with_types else ["input_ids"]


def text_features(
    dataset: "Dataset", tokenizer: Any, max_length: int, targets: dict[str, pa.DataType]
) -> pa.Table:
    """Return input_ids, perhaps token_type_ids, and targets; of a pair the longer text is cut first."""
    encoded = Encoded(common_facts(tokenizer, max_length), targets)
    columns = segment_columns(tokenizer)
    # Tokenizers of decoders put nothing between two texts.
    between = "" if _separates(tokenizer) else "\n"
    for start in range(0, len(dataset), CHUNK):
        part = dataset[start : start + CHUNK]
        pair = [between + text for text in part["text_b"]] if part["text_b"][0] is not None else None
        found = tokenizer(
            part["text_a"],
            pair,
            truncation="longest_first",
            max_length=max_length,
            return_attention_mask=False,
        )
        encoded.add(**{name: found[name] for name in columns}, **{name: part[name] for name in targets})
    return encoded.table()


def _separates(tokenizer: Any) -> bool:
    """Return whether a tokenizer puts more special tokens into a pair of texts than into a text alone."""
    single, pair = (tokenizer.num_special_tokens_to_add(pair=pair) for pair in (False, True))
    return bool(pair > single)

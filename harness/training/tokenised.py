"""A task's rows as token ids: tokenised once, kept in an Arrow file that every process maps."""

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from harness.data.rows import TrainingRows
from harness.errors import RunError
from harness.resources import cache_folder
from harness.training.pretrained import tokenizer_fingerprint

# Raised by hand when the same text would be tokenised otherwise.
_VERSION = 1
_KEPT_IN_PROCESS = 4
_CHUNK = 10_000
_PADDING_MULTIPLE = 8
IGNORED_LABEL = -100
"""The label of a row that counts nothing."""

_in_process: OrderedDict[str, "TokenisedRows"] = OrderedDict()
_tokenizers: OrderedDict[str, Any] = OrderedDict()


class TokenisedCacheError(RunError):
    """The file of tokenised rows cannot be written or read."""


@dataclass(frozen=True)
class TokenisedRows:
    """Rows as token ids, end to end.

    Attributes:
        ids: `[tokens]` token ids of all rows.
        types: `[tokens]` segment ids, or None where the model takes none.
        starts: `[rows + 1]` where each row begins in `ids`.
        labels: `[rows]`.
        pad_id: Token id that fills up.
        max_length: Longest input in tokens.
    """

    ids: npt.NDArray[np.int32]
    types: npt.NDArray[np.int8] | None
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    pad_id: int
    max_length: int

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """`[rows]` tokens of each row."""
        return np.diff(self.starts)

    def tensors(self, rows: npt.NDArray[np.int64], device: torch.device) -> dict[str, torch.Tensor]:
        """Return a batch: `[rows, width]` int64 each, labels `[rows]`; width is a multiple of 8 if it fits.

        No row at all gives one row that counts nothing, since every process must take part in every pass.
        """
        chosen = rows if len(rows) else np.zeros(1, np.int64)
        lengths = self.starts[chosen + 1] - self.starts[chosen]
        longest = int(lengths.max())
        width = max(longest, min(-(-longest // _PADDING_MULTIPLE) * _PADDING_MULTIPLE, self.max_length))
        filled = np.arange(width) < lengths[:, None]
        at = np.concatenate([np.arange(self.starts[row], self.starts[row + 1]) for row in chosen])
        ids = np.full((len(chosen), width), self.pad_id, np.int64)
        ids[filled] = self.ids[at]
        labels = self.labels[chosen] if len(rows) else np.full(1, IGNORED_LABEL, np.int64)
        arrays = {"input_ids": ids, "attention_mask": filled.astype(np.int64), "labels": labels}
        if self.types is not None:
            types = np.zeros((len(chosen), width), np.int64)
            types[filled] = self.types[at]
            arrays["token_type_ids"] = types
        return {name: _on(torch.from_numpy(array), device) for name, array in arrays.items()}


def _on(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def tokenised_rows(
    fingerprint: str,
    load: Callable[[], TrainingRows],
    encoder: Path,
    max_length: int,
    trust_remote_code: bool,
) -> TokenisedRows:
    """Return the rows of a task as token ids, from this process, the cache folder, or the tokenizer.

    Args:
        fingerprint: The rows' fingerprint.
        load: Returns the rows; called only where they are in no cache.
        encoder: Folder with the tokenizer files.
        max_length: Longer inputs are cut, of a pair the longer text first.
        trust_remote_code: Whether the tokenizer may be code from the folder.

    Raises:
        TokenisedCacheError: the cache folder cannot be written.
    """
    tokenizer = tokenizer_fingerprint(encoder)
    key = _key(fingerprint, tokenizer, max_length)
    if key not in _in_process:
        file = cache_folder() / "tokenized" / f"{key}.arrow"
        found = _read(file)
        if found is None:
            _write(file, _tokenise(load(), _tokenizer(encoder, tokenizer, trust_remote_code), max_length))
            found = _read(file)
        if found is None:
            raise TokenisedCacheError(f"{file} was just written and cannot be read back; is the disk sound?")
        _in_process[key] = found
        while len(_in_process) > _KEPT_IN_PROCESS:
            _in_process.popitem(last=False)
    _in_process.move_to_end(key)
    return _in_process[key]


def _key(data: str, tokenizer: str, max_length: int) -> str:
    import tokenizers

    parts = [_VERSION, data, tokenizer, max_length, tokenizers.__version__]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _tokenizer(encoder: Path, fingerprint: str, trust_remote_code: bool) -> Any:
    from transformers import AutoTokenizer

    if fingerprint not in _tokenizers:
        _tokenizers.clear()
        _tokenizers[fingerprint] = AutoTokenizer.from_pretrained(
            str(encoder), trust_remote_code=trust_remote_code
        )
    return _tokenizers[fingerprint]


def _tokenise(rows: TrainingRows, tokenizer: Any, max_length: int) -> pa.Table:
    with_types = "token_type_ids" in tokenizer.model_input_names
    columns = ["input_ids"] + (["token_type_ids"] if with_types else [])
    types = {"input_ids": pa.list_(pa.int32()), "token_type_ids": pa.list_(pa.int8())}
    chunks: dict[str, list[pa.Array]] = {name: [] for name in columns}
    for start in range(0, len(rows.dataset), _CHUNK):
        part = rows.dataset[start : start + _CHUNK]
        pair = part["text_b"] if part["text_b"][0] is not None else None
        encoded = tokenizer(
            part["text_a"],
            pair,
            truncation="longest_first",
            max_length=max_length,
            return_attention_mask=False,
        )
        for name in columns:
            chunks[name].append(pa.array(encoded[name], type=types[name]))
    table = pa.table({name: pa.chunked_array(arrays) for name, arrays in chunks.items()}).combine_chunks()
    labels = pa.array(rows.dataset.with_format("numpy")["label"][:], type=pa.int64())
    facts = {"pad_id": str(tokenizer.pad_token_id or 0), "max_length": str(max_length)}
    return table.append_column("label", labels).replace_schema_metadata(facts)


def _write(file: Path, table: pa.Table) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        temporary.replace(file)
    except OSError as error:
        raise TokenisedCacheError(
            f"cannot write {file}: {error}. Set XSTILTS_CACHE to a writable folder."
        ) from error


def _read(file: Path) -> TokenisedRows | None:
    """Map a file of tokenised rows; None where there is none or it is damaged, so that it is made again."""
    try:
        table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        facts = table.schema.metadata
        ids = table["input_ids"].combine_chunks()
        types = None
        if "token_type_ids" in table.column_names:
            types = table["token_type_ids"].combine_chunks().flatten().to_numpy()
        return TokenisedRows(
            ids=ids.flatten().to_numpy(),
            types=types,
            starts=np.concatenate([[0], np.cumsum(ids.value_lengths().to_numpy())]).astype(np.int64),
            labels=table["label"].to_numpy(),
            pad_id=int(facts[b"pad_id"]),
            max_length=int(facts[b"max_length"]),
        )
    except (OSError, pa.ArrowInvalid, KeyError, TypeError):
        return None

"""A task's rows as token ids: tokenized once, kept in an Arrow file that every process maps."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from harness.atomic_write import atomic_write
from harness.config.model_family import is_text_to_text
from harness.data.rows import TrainingRows
from harness.errors import RunError
from harness.kinds.registry import TrainingTask, kind_of, text_form
from harness.kinds.text_form import TextFormat
from harness.kinds.text_to_text import model_for
from harness.kinds.token_rows import TokenizedRows
from harness.models.references import ModelRef, tokenizer_fingerprint
from harness.models.tokenizer import fast_tokenizer
from harness.resources import cache_folder

# Raised by hand when the same text would be tokenized otherwise.
_VERSION = 2
_KEPT_IN_PROCESS = 4

_in_process: OrderedDict[str, "TokenizedRows"] = OrderedDict()


class TokenizedCacheError(RunError):
    """The file of tokenized rows cannot be written or read."""


def tokenized_rows(
    task: TrainingTask,
    fingerprint: str,
    load: Callable[[], TrainingRows],
    model: ModelRef,
    max_length: int,
) -> TokenizedRows:
    """Return the rows of a task as token ids, from this process, the cache folder, or the tokenizer.

    Args:
        task: What its kind makes of a row.
        fingerprint: The rows' fingerprint.
        load: Returns the rows; called only where they are in no cache.
        model: A model of this machine, whose tokenizer is used.
        max_length: Longest input in tokens; longer ones are cut, or cut into several, as the kind has it.

    Raises:
        TokenizedCacheError: the cache folder cannot be written.
        UserError: tokenizer or `max_length` do not do for the kind.
    """
    words = text_form(task).format if is_text_to_text(model.folder) else None
    key = _key(task, fingerprint, tokenizer_fingerprint(model.folder), max_length, words)
    if key not in _in_process:
        file = cache_folder() / "tokenized" / f"{key}.arrow"
        found = _read(file)
        if found is None:
            rows = load()
            labeled = kind_of(task).with_labels(task, rows.labels)
            half = model_for(labeled, text_to_text=words is not None)
            _write(file, half.features(labeled, rows.dataset, fast_tokenizer(model), max_length))
            found = _read(file)
        if found is None:
            raise TokenizedCacheError(
                f"{file} was just written and cannot be read back; is the disk full or damaged?"
            )
        _in_process[key] = found
        while len(_in_process) > _KEPT_IN_PROCESS:
            _in_process.popitem(last=False)
    _in_process.move_to_end(key)
    return _in_process[key]


def _key(
    task: TrainingTask, data: str, tokenizer: str, max_length: int, text_format: TextFormat | None
) -> str:
    import tokenizers

    # Settings of a task that are used only when batches are made do no harm here.
    kind: list[Any] = [task.kind, task.training_settings()]
    if text_format is not None:
        kind.append(text_format.model_dump())
    parts = [_VERSION, kind, data, tokenizer, max_length, tokenizers.__version__]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _write(file: Path, table: pa.Table) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with (
            atomic_write(file) as draft,
            pa.OSFile(str(draft), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
    except OSError as error:
        raise TokenizedCacheError(
            f"cannot write {file}: {error}. Set XSTILTS_CACHE to a writable folder."
        ) from error


def _read(file: Path) -> TokenizedRows | None:
    """Map a file of tokenized rows; None where there is none or it is damaged, so that it is made again."""
    try:
        return TokenizedRows.of(pa.ipc.open_file(pa.memory_map(str(file))).read_all())
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, AttributeError):
        return None

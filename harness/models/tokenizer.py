"""The tokenizer of a model's folder, loaded once in a process for all folders that hold the same one."""

from typing import Any

from harness.config.model_family import model_type
from harness.models.references import ModelRef, tokenizer_fingerprint

_loaded: dict[tuple[str | None, ...], Any] = {}


def fast_tokenizer(model: ModelRef) -> Any:
    """Return the tokenizer of a model's folder; the one used last is kept.

    Loading one with XLM-R's vocabulary takes a second, and the stages and checkpoints of a plan share it.

    Raises:
        OSError: The folder has none.
        ValueError: Its files are no tokenizer's.
    """
    from transformers import AutoTokenizer

    # The architecture decides on the class where the tokenizer's files don't; a folder's code may be any.
    folder, own_code = model.folder, model.name if model.trust_remote_code else None
    key = (tokenizer_fingerprint(folder), model_type(folder), own_code)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = AutoTokenizer.from_pretrained(model.name, trust_remote_code=model.trust_remote_code)
    return _loaded[key]

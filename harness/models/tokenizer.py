"""The tokenizer of a model's folder, loaded once in a process for all folders that hold the same one."""

from pathlib import Path
from typing import Any

from harness.config.model_family import model_type
from harness.errors import UserError
from harness.message_text import first_line
from harness.models.families import is_decoder
from harness.models.references import ModelRef, tokenizer_fingerprint

_loaded: dict[tuple[str | None, ...], Any] = {}
# Without these a class starts with an empty vocabulary, or splits words wrongly.
_NEEDED = ("vocab_file", "merges_file")


class TokenizerError(UserError):
    """The folder has no tokenizer, or one that cannot be loaded."""


def fast_tokenizer(model: ModelRef) -> Any:
    """Return the tokenizer of a model's folder; the one used last is kept.

    Loading one with XLM-R's vocabulary takes a second, and the stages and checkpoints of a plan share it.

    Raises:
        TokenizerError: The folder has none, lacks one of its files, or its files are no tokenizer's.
    """
    from transformers import AutoTokenizer

    # The architecture decides on the class where the tokenizer's files don't; a folder's code may be any.
    folder, own_code = model.folder, model.name if model.trust_remote_code else None
    key = (tokenizer_fingerprint(folder), model_type(folder), own_code)
    if key not in _loaded:
        try:
            tokenizer = AutoTokenizer.from_pretrained(model.name, trust_remote_code=model.trust_remote_code)
        except Exception as error:  # each class fails in its own way
            if "trust_remote_code" in str(error):
                raise TokenizerError(
                    f"model {folder}: its tokenizer runs code of its own. Read that code, then allow it by "
                    "trust_remote_code (in the sequence file; --trust-remote-code of `xstilts eval`)"
                ) from error
            what = first_line(error)
            raise TokenizerError(
                f"model {folder}: its tokenizer can't be loaded ({what}). {_REMEDY}"
            ) from error
        _check_files(folder, tokenizer)
        if tokenizer.pad_token is None and is_decoder(model_type(folder)):
            tokenizer.pad_token = _padding(tokenizer)
        _loaded.clear()
        _loaded[key] = tokenizer
    return _loaded[key]


# Llama 3's, Mistral's, Qwen's; the first that a vocabulary has.
_PADDING = ("<|finetune_right_pad_id|>", "<pad>", "[PAD]", "<|endoftext|>")


def _padding(tokenizer: Any) -> str | None:
    """Return what a decoder's inputs are filled up with: many were trained without, and so name none.

    Where nothing offers itself it is the end of text, which inputs do not hold: they are left open.
    """
    known = tokenizer.get_vocab()
    found: str | None = next((token for token in _PADDING if token in known), tokenizer.eos_token)
    return found


_REMEDY = (
    "Copy the tokenizer's files (tokenizer.json, tokenizer_config.json and what its model card lists) "
    "from the model that it was trained from into this folder"
)


def _check_files(folder: Path, tokenizer: Any) -> None:
    names: dict[str, str] = dict(tokenizer.vocab_files_names)
    whole = names.pop("tokenizer_file", "tokenizer.json")
    if (folder / whole).is_file():
        return
    needed = [names[kind] for kind in _NEEDED if kind in names]
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise TokenizerError(
            f"model {folder}: there is neither {whole} nor {' and '.join(missing)}, which its tokenizer "
            f"({type(tokenizer).__name__}) needs; every word would be unknown. {_REMEDY}"
        )

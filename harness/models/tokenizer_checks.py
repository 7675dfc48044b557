"""What of a model's tokenizer would fail or mislead in training: its ids, segments and unknown tokens."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.message_text import in_short
from harness.models.families import OFFSET_POSITIONS

_MOST_UNKNOWN = 0.5
_ROWS_COMPARED = 50


class UnsuitedTokenizerError(UserError):
    """The tokenizer does not go with the model, or with the texts."""


def check_tokenizer(folder: Path, tokenizer: Any, config: Mapping[str, Any]) -> None:
    """Refuse a tokenizer whose ids or segments the model has no embeddings for.

    Args:
        folder: The model's folder, for messages.
        tokenizer: A tokenizer of transformers, of that folder.
        config: The content of config.json, with the architecture's defaults.

    Raises:
        UnsuitedTokenizerError: it has no padding token, more tokens than the model, another padding id than a
            model that counts positions by it, or segments that the model has not.
    """
    settings, pad = folder / "tokenizer_config.json", tokenizer.pad_token_id
    if pad is None:
        raise UnsuitedTokenizerError(
            f"{settings}: the tokenizer has no padding token, without which rows of different lengths "
            "make no "
            f'batch; add "pad_token" with one of its tokens, as {in_short(tokenizer.eos_token or "[PAD]")}'
        )
    rows, largest = config.get("vocab_size"), max(tokenizer.get_vocab().values(), default=0)
    if isinstance(rows, int) and largest >= rows:
        raise UnsuitedTokenizerError(
            f"model {folder}: its tokenizer gives ids up to {largest:,}, but the model has embeddings for "
            f"{rows:,} only. Take the tokenizer that was saved with the model, or a model whose embeddings "
            "were resized for this tokenizer"
        )
    if config.get("model_type") in OFFSET_POSITIONS and config.get("pad_token_id", pad) != pad:
        raise UnsuitedTokenizerError(
            f"{folder / 'config.json'}: pad_token_id is {config.get('pad_token_id')}, but the tokenizer "
            "pads with "
            f"{pad}; {config.get('model_type')} models count positions from it. Write {pad}"
        )
    types = config.get("type_vocab_size")
    segments = max(tokenizer("a", "b").get("token_type_ids", [0]))
    if isinstance(types, int) and 0 < types <= segments:
        raise UnsuitedTokenizerError(
            f"{settings}: the tokenizer gives segment {segments} to the second text of a pair, but the "
            "model has "
            f'{types} segment{"s" if types > 1 else ""} (type_vocab_size); write "model_input_names": '
            '["input_ids", "attention_mask"] there'
        )


def unknown_share(tokenizer: Any, texts: Sequence[str]) -> float:
    """Return the share of unknown tokens, 0 to 1, in texts; 0 where the tokenizer knows every character."""
    unknown = tokenizer.unk_token_id
    if unknown is None or not texts:
        return 0.0
    encoded = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    count = sum(len(ids) for ids in encoded)
    return float(sum(ids.count(unknown) for ids in encoded) / max(count, 1))


def check_known(folder: Path, tokenizer: Any, name: str, texts: Sequence[str]) -> None:
    """Refuse a tokenizer to which most of the tokens of a task's first rows are unknown.

    Raises:
        UnsuitedTokenizerError: they are.
    """
    share = unknown_share(tokenizer, texts)
    if share > _MOST_UNKNOWN:
        raise UnsuitedTokenizerError(
            f"model {folder}: {share:.0%} of the tokens of the first rows of {name} are unknown to its "
            "tokenizer "
            f"({tokenizer.unk_token}), as in {in_short(texts[0])}. Check that the tokenizer's files are "
            "those of "
            "this model and complete, and that the model knows the language"
        )


def unknown_warnings(tokenizer: Any, texts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a sentence for each evaluation task most of whose tokens the tokenizer does not know."""
    for name, rows in texts.items():
        share = unknown_share(tokenizer, rows)
        if share > _MOST_UNKNOWN:
            yield f"{name}: {share:.0%} of the tokens of its first rows are unknown to the model's tokenizer"


def pipeline_warnings(folder: Path, tokenizer: Any, texts: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said where the tokenizer's class makes other tokens than tokenizer.json does.

    The classes of transformers build the steps of their family themselves and take only the vocabulary from
    that file, so that a normalizer or a pre-tokenizer of its own is ignored.
    """
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        return
    own = Tokenizer.from_file(str(file))
    own.no_truncation()
    own.no_padding()
    rows = list(texts[:_ROWS_COMPARED])
    expected = [encoding.ids for encoding in own.encode_batch(rows)]
    made = tokenizer(rows)["input_ids"] if rows else []
    differ = [row for row, ids, due in zip(rows, made, expected, strict=True) if ids != due]
    if differ:
        yield (
            f"model {folder}: its tokenizer's class ({type(tokenizer).__name__}) makes other tokens than its "
            f"tokenizer.json in {len(differ)} of {len(rows)} texts, as of {in_short(differ[0])}. The "
            "class is "
            'used; to use the file as it is, write "tokenizer_class": "PreTrainedTokenizerFast" in '
            "tokenizer_config.json"
        )

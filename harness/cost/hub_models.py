"""The shapes of models by name: the usual multilingual ones, so that costs are known before a download.

Numbers from each repository's config.json (https://huggingface.co/ID/blob/main/config.json).
"""

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from harness.cost.architecture import Architecture, UncountedModelError
from harness.errors import UserError
from harness.named_path import is_file, user_path

_E5_SMALL = Architecture("bert", 12, 384, 1536, 250_037, 12, positions=512, token_types=2)
_XLMR_BASE = Architecture("xlm-roberta", 12, 768, 3072, 250_002, 12, positions=514, token_types=1)
_XLMR_LARGE = Architecture("xlm-roberta", 24, 1024, 4096, 250_002, 16, positions=514, token_types=1)
_MBERT = Architecture("bert", 12, 768, 3072, 119_547, 12, positions=512, token_types=2)
_MDEBERTA = Architecture("deberta-v2", 12, 768, 3072, 251_000, 12, positions=512)


def _mt5(layers: int, hidden: int, inner: int, heads: int) -> Architecture:
    return _t5("mt5", layers, layers, hidden, inner, 250_112, heads)


def _umt5(layers: int, hidden: int, inner: int, heads: int) -> Architecture:
    return _t5("umt5", layers, layers, hidden, inner, 256_384, heads)


def _byt5(layers: int, decoder_layers: int, hidden: int, inner: int, heads: int) -> Architecture:
    return _t5("t5", layers, decoder_layers, hidden, inner, 384, heads)


def _t5(
    family: str, layers: int, decoder_layers: int, hidden: int, inner: int, vocabulary: int, heads: int
) -> Architecture:
    return Architecture(
        family,
        layers,
        hidden,
        inner,
        vocabulary,
        heads,
        head_width=64,
        decoder_layers=decoder_layers,
        gated=True,
        tied=False,
        buckets=32,
    )


def _rotary(
    family: str,
    layers: int,
    hidden: int,
    inner: int,
    vocabulary: int,
    heads: int,
    key_heads: int,
    head_width: int = 64,
) -> Architecture:
    return Architecture(
        family,
        layers,
        hidden,
        inner,
        vocabulary,
        heads,
        head_width=head_width,
        gated=True,
        key_heads=key_heads,
    )


KNOWN_MODELS = {
    "embedded:e5-small": _E5_SMALL,
    "intfloat/multilingual-e5-small": _E5_SMALL,
    "intfloat/multilingual-e5-base": _XLMR_BASE,
    "intfloat/multilingual-e5-large": _XLMR_LARGE,
    "microsoft/Multilingual-MiniLM-L12-H384": _E5_SMALL,
    "xlm-roberta-base": _XLMR_BASE,
    "FacebookAI/xlm-roberta-base": _XLMR_BASE,
    "xlm-roberta-large": _XLMR_LARGE,
    "FacebookAI/xlm-roberta-large": _XLMR_LARGE,
    "bert-base-multilingual-cased": _MBERT,
    "google-bert/bert-base-multilingual-cased": _MBERT,
    "microsoft/mdeberta-v3-base": _MDEBERTA,
    "google/mt5-small": _mt5(8, 512, 1024, 6),
    "google/mt5-base": _mt5(12, 768, 2048, 12),
    "google/mt5-large": _mt5(24, 1024, 2816, 16),
    "google/mt5-xl": _mt5(24, 2048, 5120, 32),
    "google/mt5-xxl": _mt5(24, 4096, 10_240, 64),
    "google/umt5-small": _umt5(8, 512, 1024, 6),
    "google/umt5-base": _umt5(12, 768, 2048, 12),
    "google/umt5-xl": _umt5(24, 2048, 5120, 32),
    "google/byt5-small": _byt5(12, 4, 1472, 3584, 6),
    "google/byt5-base": _byt5(18, 6, 1536, 3968, 12),
    "google/byt5-large": _byt5(36, 12, 1536, 3840, 16),
    "facebook/xlm-v-base": replace(_XLMR_BASE, vocabulary=901_629),
    "jhu-clsp/mmBERT-small": _rotary("modernbert", 22, 384, 1152, 256_000, 6, 6),
    "jhu-clsp/mmBERT-base": _rotary("modernbert", 22, 768, 1152, 256_000, 12, 12),
    "EuroBERT/EuroBERT-210m": _rotary("eurobert", 12, 768, 3072, 128_256, 12, 12),
    "EuroBERT/EuroBERT-610m": _rotary("eurobert", 26, 1152, 4096, 128_256, 18, 6),
    "EuroBERT/EuroBERT-2.1B": _rotary("eurobert", 32, 2304, 6144, 128_256, 18, 6, 128),
    "Qwen/Qwen3-0.6B-Base": _rotary("qwen3", 28, 1024, 3072, 151_936, 16, 8, 128),
    "Qwen/Qwen3-1.7B-Base": _rotary("qwen3", 28, 2048, 6144, 151_936, 16, 8, 128),
    "Qwen/Qwen3-4B-Base": _rotary("qwen3", 36, 2560, 9728, 151_936, 32, 8, 128),
    "meta-llama/Llama-3.2-1B": _rotary("llama", 16, 2048, 8192, 128_256, 32, 8),
    "google/gemma-3-1b-pt": _rotary("gemma3_text", 26, 1152, 6912, 262_144, 4, 1, 256),
    "google/gemma-3-270m": _rotary("gemma3_text", 18, 640, 2048, 262_144, 4, 1, 256),
}

_LONGEST_HEADER = 100_000_000  # bytes, as safetensors itself allows


class UnknownShapeError(UserError):
    """A model's numbers are not known, so its cost is not either."""


def architecture(model: str) -> Architecture:
    """Return the shape of a model, as a sequence file names it.

    Raises:
        UnknownShapeError: it is neither a folder with a usable config.json nor one of `KNOWN_MODELS`.
    """
    if model in KNOWN_MODELS:
        return KNOWN_MODELS[model]
    config = user_path(model) / "config.json"
    if not is_file(config):
        raise UnknownShapeError(
            f"model: {model}: its number of layers, widths and vocabulary are not known, so its cost is not "
            f"either. Download it and name its folder (config.json is enough), or name one of "
            f"{', '.join(KNOWN_MODELS)}"
        )
    try:
        shape = Architecture.of(json.loads(config.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, UncountedModelError) as error:
        raise UnknownShapeError(f"model: {config}: {error}") from error
    # transformers 5 writes `tie_word_embeddings: true` for every model of T5's family.
    return replace(shape, tied=False) if "lm_head.weight" in _tensors(config.parent) else shape


def _tensors(folder: Path) -> Collection[str]:
    """Return the names of a folder's tensors; none where there are no readable weights."""
    index, single = folder / "model.safetensors.index.json", folder / "model.safetensors"
    try:
        if index.is_file():
            found = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        else:
            # The header: its length as eight bytes, then JSON (https://huggingface.co/docs/safetensors).
            with single.open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                found = json.loads(file.read(min(length, _LONGEST_HEADER)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()
    return found if isinstance(found, dict) else ()

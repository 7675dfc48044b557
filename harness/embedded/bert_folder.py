"""A packed encoder and its tokenizer, written as the folder of a Hugging Face `BertModel`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.embedded.q4_file import Q4File, Q4Header, UnigramPieces
from harness.errors import RunError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONVERSION_VERSION = 2
"""Raise by hand whenever `write_bert_folder` would write other bytes for the same input."""

_WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
_WORDS, _OTHERS = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
_INITIALIZER_RANGE = 0.02
_POOLER_SEED = 20240208


class VocabularyMismatchError(RunError):
    """The tokenizer file and the packed encoder do not number the same pieces alike."""


def write_bert_folder(packed: bytes, tokenizer: bytes, folder: Path) -> None:
    """Write `config.json`, fp32 weights, `tokenizer.json` and `tokenizer_config.json`.

    The word embeddings, four fifths of the weights, have a file of their own under the names that a model
    with a head gives them, as in a stage's checkpoint (`harness.training.checkpoint`): a stage that leaves
    them frozen links that file instead of writing it again.

    `packed` is the content of a `E5S1` file, `tokenizer` that of the matching `tokenizer.json`. The same
    input gives the same bytes, on every machine. Positions count from 0 and `BertModel` adds no offset, as
    in multilingual-e5-small itself (Wang et al. 2024, https://arxiv.org/abs/2402.05672); only the vocabulary
    is that of XLM-R. The padding index is the tokenizer's own.

    The packed file holds no pooler, so `pooler.dense` is NOT pretrained: its weights are drawn from BERT's
    normal(0, 0.02) (Devlin et al. 2019, https://arxiv.org/abs/1810.04805) with a fixed seed, its bias is 0.
    The model was trained with the mean of the last hidden states as the sentence vector.

    Raises:
        Q4FormatError: `packed` is not of the known layout.
        VocabularyMismatchError: the two files number or score the pieces differently.
        OSError: `folder` cannot be written.
    """
    from safetensors.numpy import save_file

    source = Q4File(packed)
    _check_same_pieces(source.vocabulary, json.loads(tokenizer)["model"]["vocab"])
    _write_json(folder / "config.json", _config(source.header, source.vocabulary))
    # Published without truncation or padding state, so that no caller inherits a length from it.
    (folder / "tokenizer.json").write_bytes(tokenizer)
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(source.header, source.vocabulary))
    weights = {f"bert.{name}": tensor for name, tensor in _weights(source).items()}
    files = dict.fromkeys(weights, _OTHERS) | {_WORD_EMBEDDINGS: _WORDS}
    for file in (_WORDS, _OTHERS):
        part = {name: tensor for name, tensor in weights.items() if files[name] == file}
        save_file(part, folder / file, metadata={"format": "pt"})
    size = sum(tensor.nbytes for tensor in weights.values())
    _write_json(
        folder / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": files}
    )


def _check_same_pieces(vocabulary: UnigramPieces, unigram: list[tuple[str, float]]) -> None:
    import numpy as np

    pieces = tuple(piece for piece, _ in unigram)
    if pieces != vocabulary.pieces:
        here = next(
            (i for i, (a, b) in enumerate(zip(pieces, vocabulary.pieces, strict=False)) if a != b), "the end"
        )
        raise VocabularyMismatchError(
            f"tokenizer.json has {len(pieces)} pieces, the packed encoder {len(vocabulary.pieces)}; "
            f"they differ first at id {here}"
        )
    scores = np.array([score for _, score in unigram], dtype=np.float32)
    if not np.array_equal(scores, vocabulary.scores):
        here = int(np.flatnonzero(scores != vocabulary.scores)[0])
        raise VocabularyMismatchError(
            f"tokenizer.json scores the piece {pieces[here]!r} (id {here}) {scores[here]}, "
            f"the packed encoder {vocabulary.scores[here]}"
        )


def _config(header: Q4Header, vocabulary: UnigramPieces) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "bos_token_id": vocabulary.bos,
        "dtype": "float32",
        "eos_token_id": vocabulary.eos,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": header.hidden_size,
        "initializer_range": _INITIALIZER_RANGE,
        "intermediate_size": header.intermediate_size,
        "layer_norm_eps": header.layer_norm_eps,
        "max_position_embeddings": header.positions,
        "model_type": "bert",
        "num_attention_heads": header.heads,
        "num_hidden_layers": header.layers,
        "pad_token_id": vocabulary.pad,
        "type_vocab_size": header.token_types,
        "vocab_size": header.vocabulary_size,
    }


def _tokenizer_config(header: Q4Header, vocabulary: UnigramPieces) -> dict[str, Any]:
    pieces = vocabulary.pieces
    return {
        "bos_token": pieces[vocabulary.bos],
        "cls_token": pieces[vocabulary.bos],
        "eos_token": pieces[vocabulary.eos],
        "mask_token": pieces[-1],
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": header.positions,
        "pad_token": pieces[vocabulary.pad],
        "sep_token": pieces[vocabulary.eos],
        # Takes tokenizer.json as it stands; the class named after XLM-R rebuilds its own pipeline.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": pieces[vocabulary.unk],
    }


def _weights(source: Q4File) -> dict[str, NDArray[np.float32]]:
    size, inner = source.header.hidden_size, source.header.intermediate_size
    embeddings = {
        "emb.word": ("word_embeddings.weight", (source.header.vocabulary_size, size)),
        "emb.pos": ("position_embeddings.weight", (source.header.positions, size)),
        "emb.type": ("token_type_embeddings.weight", (source.header.token_types, size)),
        "emb.ln.w": ("LayerNorm.weight", (size,)),
        "emb.ln.b": ("LayerNorm.bias", (size,)),
    }
    weights = {
        f"embeddings.{name}": source.tensor(packed, shape) for packed, (name, shape) in embeddings.items()
    }
    parts: dict[str, tuple[str, tuple[int, ...]]] = {
        "q": ("attention.self.query", (size, size)),
        "k": ("attention.self.key", (size, size)),
        "v": ("attention.self.value", (size, size)),
        "ao": ("attention.output.dense", (size, size)),
        "aln": ("attention.output.LayerNorm", (size,)),
        "fi": ("intermediate.dense", (inner, size)),
        "fo": ("output.dense", (size, inner)),
        "oln": ("output.LayerNorm", (size,)),
    }
    for layer in range(source.header.layers):
        for packed, (name, shape) in parts.items():
            place = f"encoder.layer.{layer}.{name}"
            weights[f"{place}.weight"] = source.tensor(f"l{layer}.{packed}.w", shape)
            weights[f"{place}.bias"] = source.tensor(f"l{layer}.{packed}.b", shape[:1])
    return weights | _pooler(size)


def _pooler(size: int) -> dict[str, NDArray[np.float32]]:
    import numpy as np

    # RandomState, because its stream is frozen across numpy versions (NEP 19); Generator's is not.
    weight = np.random.RandomState(_POOLER_SEED).normal(0.0, _INITIALIZER_RANGE, (size, size))
    return {
        "pooler.dense.weight": weight.astype(np.float32),
        "pooler.dense.bias": np.zeros(size, dtype=np.float32),
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")

"""Tiny random text-to-text models: mT5 and umT5 with a trained unigram tokenizer, byT5 with its bytes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .models import LABELS, WORDS

_SENTENCES = [
    *(f"{first} {second}" for first, second in zip(WORDS, reversed(WORDS), strict=True)),
    "tiny_pairs: tiny: first: second: question: context: tag: choice1: choice2: choice3: None no answer",
    "ODD: EVEN: $$ abcdefghijklmnopqrstuvwxyz",
    " ".join(LABELS),
]
_SHAPE: dict[str, Any] = {
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 48,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "dropout_rate": 0.1,
    "feed_forward_proj": "gated-gelu",
}


def make_mt5(folder: Path, sentences: Iterable[str] = (), *, kind: str = "MT5") -> None:
    """An mT5 (or umT5) whose output layer is not its embedding matrix, as published."""
    import torch
    import transformers

    make_unigram_tokenizer(folder, [*_SENTENCES, *sentences])
    size = len(transformers.AutoTokenizer.from_pretrained(folder))
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(vocab_size=size, **_SHAPE)
    model = getattr(transformers, f"{kind}ForConditionalGeneration")(config)
    _randomise(model)
    # transformers' own classes would tie a fresh model's.
    model.lm_head.weight = torch.nn.Parameter(torch.randn(size, _SHAPE["d_model"]) * 0.2)
    _save(model, folder)


def make_byt5(folder: Path) -> None:
    """A byT5: T5's architecture, three layers of encoder for one of decoder, bytes as its vocabulary."""
    import torch
    from transformers import ByT5Tokenizer, T5Config, T5ForConditionalGeneration

    ByT5Tokenizer().save_pretrained(folder)
    torch.manual_seed(0)
    shape = _SHAPE | {"num_layers": 3, "num_decoder_layers": 1}
    model = T5ForConditionalGeneration(
        T5Config(vocab_size=384, tie_word_embeddings=False, decoder_start_token_id=0, **shape)
    )
    _randomise(model)
    model.lm_head.weight = torch.nn.Parameter(torch.randn(384, shape["d_model"]) * 0.2)
    _save(model, folder)


def make_unigram_tokenizer(folder: Path, sentences: Iterable[str]) -> None:
    """mT5's kind of tokenizer, trained on some sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    specials = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=specials, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(list(sentences) * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)


def _randomise(model: Any) -> None:
    """Give a fresh model weights with which its answers depend on its inputs."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)


def _save(model: Any, folder: Path) -> None:
    """Save as the published checkpoints are: the config says that the output layer is a matrix of its own."""
    import json

    from safetensors.torch import save_file

    tensors = {name: tensor.detach().contiguous() for name, tensor in model.named_parameters()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = model.config.to_diff_dict() | {"tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(config))

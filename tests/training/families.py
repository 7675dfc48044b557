"""A tiny random model of every family, with a tokenizer as its published ones have."""

from pathlib import Path
from typing import Any

from .models import WORDS, save_tokenizer

_SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 70,
    "pad_token_id": 0,
}
_ENDS = {"bos_token_id": 1, "eos_token_id": 2}
_GROUPED = _SMALL | _ENDS | {"num_key_value_heads": 1, "head_dim": 16}
CONFIGS: dict[str, dict[str, Any]] = {
    "bert": _SMALL,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "pad_token_id": 0},
    "roberta": _SMALL,
    "xlm-roberta": _SMALL,
    "xlm-roberta-xl": _SMALL,
    "camembert": _SMALL,
    "xmod": _SMALL | {"languages": ["en_XX", "de_DE"]},
    "deberta-v2": _SMALL
    | {
        "relative_attention": True,
        "position_buckets": 8,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
    },
    "electra": _SMALL | {"embedding_size": 16},
    "rembert": _SMALL | _ENDS | {"input_embedding_size": 16, "output_embedding_size": 24},
    "modernbert": _SMALL
    | _ENDS
    | {"cls_token_id": 2, "sep_token_id": 3, "local_attention": 8, "global_attn_every_n_layers": 2},
    "eurobert": _GROUPED | {"mask_token_id": 4},
    "nomic_bert": _SMALL,
    "jina_embeddings_v3": _SMALL | _ENDS,
    "qwen3": _GROUPED | {"pad_token_id": None},
    "llama": _GROUPED | {"pad_token_id": None},
    "gemma3_text": _GROUPED | {"sliding_window": 8},
}


def make_model(folder: Path, model_type: str, positions: int = 70) -> Path:
    """Save a random model without a head, whose outputs depend on its inputs."""
    import torch
    import transformers

    from harness.models.families import is_decoder

    count = _decoder_tokenizer(folder) if is_decoder(model_type) else save_tokenizer(folder)
    torch.manual_seed(2)
    settings = {name: positions if name == "max_position_embeddings" else value
                for name, value in CONFIGS[model_type].items()}  # fmt: skip
    config = transformers.AutoConfig.for_model(model_type, vocab_size=count, **settings)
    model = transformers.AutoModel.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    model.save_pretrained(folder)
    return folder


def _decoder_tokenizer(folder: Path) -> int:
    """As Qwen's: nothing around a text or between two; and as Llama's: no padding token."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = ["<|begin|>", "<|end|>", "<unk>", "\n", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({token: at for at, token in enumerate(known)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(" ", "removed"), pre_tokenizers.Split(Regex("\n"), "isolated")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin|>",
        eos_token="<|end|>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
    return len(known)

"""Tiny random models with tokenizers of their own, and a task whose rows lie in a TSV file."""

import json
import random
from pathlib import Path

from harness.kinds.registry import training_task

WORDS = [f"word{number}" for number in range(60)]
LABELS = ("same", "other", "neither")
TASK = training_task(
    {
        "name": "tiny_pairs",
        "kind": "classification",
        "title": "Pairs of invented sentences",
        "citation": "none",
        "license": "CC0",
        "inputs": ["first", "second"],
        "label": "label",
        "labels": list(LABELS),
        "sources": {
            "folder": {"path": "tiny/train.tsv", "format": "tsv", "columns": ["first", "second", "label"]}
        },
    }
)

HELD_OUT = training_task(
    TASK.model_dump(exclude={"held_out"})
    | {"held_out": {"folder": TASK.sources.folder.model_dump() | {"path": "tiny/held_out.tsv"}}}
)


def write_rows(data_dir: Path, rows: int, without: tuple[int, ...] = ()) -> None:
    """Write the rows of TASK, and others of the same sort that are held out."""
    drawing = random.Random(7)
    lines = []
    for _ in range(rows):
        first = drawing.choices(WORDS, k=drawing.randint(1, 12))
        label = drawing.choice(LABELS)
        second = first if label == "same" else drawing.choices(WORDS, k=drawing.randint(1, 12))
        lines.append("\t".join([" ".join(first), " ".join(second), label]))
    lines = [line for row, line in enumerate(lines) if row not in without]
    (data_dir / "tiny").mkdir(parents=True)
    for name, part in (("train", lines), ("held_out", lines[::2])):
        (data_dir / "tiny" / f"{name}.tsv").write_text("\n".join(part) + "\n", encoding="utf-8")


def save_tokenizer(folder: Path, *names: str, any_text: bool = False) -> int:
    """Save a tokenizer of words with BERT's marks; return the size of its vocabulary.

    It gives ids, the mask and what is named. With `any_text` it spells words that it does not know.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127)] if any_text else []
    known = [*specials, *WORDS, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {token: index for index, token in enumerate(known)}
    pieces = models.WordPiece if any_text else models.WordLevel
    tokenizer = Tokenizer(pieces(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", *names, "attention_mask"],
    ).save_pretrained(folder)
    return len(known)


def make_bert(folder: Path, positions: int = 64, *, any_text: bool = False) -> None:
    """A BertModel without any head and without key prefix, as sentence encoders are published.

    With `any_text` its tokenizer spells words that it does not know, as far as they are ASCII.
    """
    import torch
    from transformers import BertConfig, BertModel

    size = save_tokenizer(folder, "token_type_ids", any_text=any_text)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
    )
    BertModel(config).save_pretrained(folder)


def make_xlm_roberta(folder: Path, positions: int = 64) -> None:
    """An XLM-R saved from masked language modelling: key prefix `roberta.`, an lm_head, no pooler."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaForMaskedLM

    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pieces = [(token, 0.0) for token in specials] + [
        (f"▁{word}", -float(at)) for at, word in enumerate(WORDS)
    ]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        # Positions are counted from after the padding id.
        max_position_embeddings=positions + 2,
        type_vocab_size=1,
        pad_token_id=1,
    )
    XLMRobertaForMaskedLM(config).save_pretrained(folder)


def deepspeed_config(name: str) -> dict[str, object]:
    from harness.resources import shipped

    config: dict[str, object] = json.loads((shipped("deepspeed_configs") / f"{name}.json").read_text())
    return config


def make_deberta(folder: Path, tokenizer_of: Path) -> None:
    """An mDeBERTa: relative positions, the head's pooler outside of the encoder."""
    import torch
    from transformers import AutoTokenizer, DebertaV2Config, DebertaV2Model

    AutoTokenizer.from_pretrained(tokenizer_of).save_pretrained(folder)
    torch.manual_seed(0)
    config = DebertaV2Config(
        vocab_size=5 + len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        type_vocab_size=0,
        pad_token_id=1,
        relative_attention=True,
        position_buckets=16,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
    )
    DebertaV2Model(config).save_pretrained(folder)


def break_weights(source: Path, folder: Path, *, scale: str | None = None, drop: str | None = None) -> None:
    """Copy a model with one tensor made so large that its products overflow, or left out."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(source, folder)
    tensors = load_file(folder / "model.safetensors")
    if scale:
        tensors[scale] = tensors[scale] * 3e38
    if drop:
        del tensors[drop]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

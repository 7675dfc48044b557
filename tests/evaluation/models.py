"""Tiny random classifiers with a byte tokenizer of their own, and labeled rows in XTREME's layout."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

XNLI = ("entailment", "neutral", "contradiction")
XNLI_LANGUAGES = ["en", "fr", "es", "de", "el", "bg", "ru", "tr", "ar", "vi", "th", "zh", "hi", "sw", "ur"]
PAWSX_LANGUAGES = ["en", "de", "es", "fr", "ja", "ko", "zh"]
_LETTERS = {
    "el": "αβγδεζ",
    "ru": "абвгде",
    "ar": "ابتثجح",
    "th": "กขคงจฉ",
    "zh": "你我他好是的",
    "hi": "कखगघचछ",
}


def write_xtreme(folder: Path, rows: int = 12, languages: Sequence[str] = XNLI_LANGUAGES) -> None:
    """Files of XNLI and PAWS-X with texts of very different lengths, quotes among them."""
    kinds = (("xnli", languages, XNLI), ("pawsx", PAWSX_LANGUAGES, ("0", "1")))
    for corpus, spoken, labels in kinds:
        (folder / "xtreme" / corpus).mkdir(parents=True)
        gold = random.Random(1).choices(labels, k=rows)
        for language in spoken:
            drawing = random.Random(f"{corpus}-{language}")
            letters = _LETTERS.get(language, "abcdefgh\"' ")
            lines = []
            for label in gold:
                texts = (
                    "".join(drawing.choices(letters, k=drawing.randint(1, 90))).strip() or "a" for _ in "ab"
                )
                lines.append("\t".join((*texts, label)))
            path = folder / "xtreme" / corpus / f"test-{language}.tsv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_tokenizer(folder: Path, segments: bool) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    specials = ["<pad>", "<unk>", "<s>", "</s>"]
    # The alphabet comes in another order in every process.
    tokens = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    vocabulary = {token: at for at, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if segments else [])]
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        model_max_length=96,
        model_input_names=names,
    ).save_pretrained(folder)


def make_encoder(folder: Path, positions: int = 512) -> Path:
    """A random BERT without a head, with the byte tokenizer, so that it knows every text."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=260,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        pad_token_id=0,
    )
    BertModel(config).save_pretrained(folder)
    make_tokenizer(folder, segments=True)
    return folder


def make_classifier(
    folder: Path, labels: Sequence[str] = XNLI, kind: str = "bert", seed: int = 0, **config: object
) -> Path:
    """A random classifier whose answers depend on its inputs."""
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        XLMRobertaConfig,
        XLMRobertaForSequenceClassification,
    )

    classes = {
        "bert": (BertConfig, BertForSequenceClassification),
        "xlm-roberta": (XLMRobertaConfig, XLMRobertaForSequenceClassification),
    }
    settings, model = classes[kind]
    torch.manual_seed(seed)
    built = model(
        settings(
            vocab_size=260,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=128,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=3,
            type_vocab_size=2 if kind == "bert" else 1,
            id2label=dict(enumerate(labels)),
            label2id={label: at for at, label in enumerate(labels)},
            **config,
        )
    )
    with torch.no_grad():
        for parameter in built.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.4)
    built.save_pretrained(folder)
    make_tokenizer(folder, segments=kind == "bert")
    return folder


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def direct_logits(folder: Path, pairs: Sequence[tuple[str, str | None]], max_length: int):
    """Logits by plain transformers, one input at a time, without padding: shape (pairs, labels)."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        outputs = [
            model(**tokenizer(*pair, truncation=True, max_length=max_length, return_tensors="pt")).logits[0]
            for pair in pairs
        ]
    return torch.stack(outputs).double()

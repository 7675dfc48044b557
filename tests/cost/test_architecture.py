"""Counts of parameters and operations against real models, tiny and random, of every counted architecture."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    ElectraConfig,
    MT5Config,
    MT5ForConditionalGeneration,
    RobertaConfig,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
    XLMRobertaConfig,
)

from harness.config.hyperparameters import Hyperparameters
from harness.cost.accelerators import ACCELERATORS
from harness.cost.architecture import Architecture, UncountedModelError
from harness.cost.estimate import Machine, Size, forward_flops, scoring_flops, stage_cost
from harness.cost.hub_models import KNOWN_MODELS, UnknownShapeError, architecture

SMALL = {
    "vocab_size": 101,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 52,
    "max_position_embeddings": 40,
    "num_labels": 3,
}
ENCODERS = {
    "bert": BertConfig(**SMALL),
    "roberta": RobertaConfig(**SMALL),
    "xlm-roberta": XLMRobertaConfig(**SMALL, type_vocab_size=1),
    "electra": ElectraConfig(**SMALL, embedding_size=16),
    "deberta-v2": DebertaV2Config(
        **SMALL,
        type_vocab_size=0,
        relative_attention=True,
        position_buckets=8,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
    ),
}
GROUPED = {"num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
ENCODERS |= {
    "modernbert": AutoConfig.for_model(
        "modernbert", **SMALL, **GROUPED | {"cls_token_id": 1, "sep_token_id": 2}
    ),
    "eurobert": AutoConfig.for_model("eurobert", **SMALL, **GROUPED | {"head_dim": 6, "mask_token_id": 3}),
    **{name: AutoConfig.for_model(name, **SMALL, **GROUPED) for name in ("qwen3", "llama", "gemma3_text")},
}
T5 = {
    "vocab_size": 101,
    "d_model": 24,
    "d_kv": 5,
    "d_ff": 52,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "num_heads": 4,
}
TEXT_TO_TEXT = {
    "t5": (T5ForConditionalGeneration, T5Config(**T5)),
    "mt5": (MT5ForConditionalGeneration, MT5Config(**T5, tie_word_embeddings=False)),
    "umt5": (UMT5ForConditionalGeneration, UMT5Config(**T5)),
}


@pytest.mark.parametrize("family", ENCODERS)
def test_parameters_of_a_classifier(family):
    model = AutoModelForSequenceClassification.from_config(ENCODERS[family])
    shape = Architecture.of(json.loads(ENCODERS[family].to_json_string(use_diff=False)))
    counted = shape.word_embeddings + shape.body_parameters() + shape.head_parameters(3)
    assert counted == sum(parameter.numel() for parameter in model.parameters())
    assert shape.word_embeddings == model.get_input_embeddings().weight.numel()


@pytest.mark.parametrize("family", TEXT_TO_TEXT)
def test_parameters_of_a_text_to_text_model(family):
    kind, config = TEXT_TO_TEXT[family]
    shape = Architecture.of(json.loads(config.to_json_string(use_diff=False)))
    assert shape.word_embeddings + shape.body_parameters() == sum(
        p.numel() for p in kind(config).parameters()
    )


@pytest.mark.parametrize("family", ["bert", "xlm-roberta", "electra"])
def test_operations_of_a_training_step_are_those_that_torch_counts(family):
    """Eager attention, so that torch sees its products; within 1%: the last layer's pooling is once a row."""
    config = ENCODERS[family]
    config._attn_implementation = "eager"
    model = AutoModelForSequenceClassification.from_config(config)
    shape = Architecture.of(json.loads(config.to_json_string(use_diff=False)))
    rows, length = 6, 32
    with FlopCounterMode(display=False) as counter:
        ids = torch.ones(rows, length, dtype=torch.long).random_(5, 100)
        model(input_ids=ids, labels=torch.zeros(rows, dtype=torch.long)).loss.backward()
    assert 3 * forward_flops(shape, rows, length, 3) == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_operations_of_a_text_to_text_step_are_those_that_torch_counts():
    """Within 5%: the decoder's own attention over three tokens and the pooled scores are left out."""
    kind, config = TEXT_TO_TEXT["mt5"]
    config._attn_implementation = "eager"
    model, shape = kind(config), Architecture.of(json.loads(config.to_json_string(use_diff=False)))
    with FlopCounterMode(display=False) as counter:
        ids, labels = torch.ones(6, 32, dtype=torch.long).random_(5, 100), torch.ones(6, 3, dtype=torch.long)
        model(input_ids=ids, labels=labels).loss.backward()
    assert 3 * forward_flops(shape, 6, 32, 3) == pytest.approx(counter.get_total_flops(), rel=0.05)


def test_operations_of_scoring_are_those_that_torch_counts():
    """An input is encoded once and every label decoded from it; within 5%, as above."""
    kind, config = TEXT_TO_TEXT["mt5"]
    config._attn_implementation = "eager"
    model, shape = kind(config), Architecture.of(json.loads(config.to_json_string(use_diff=False)))
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        encoded = model.get_encoder()(input_ids=torch.ones(6, 32, dtype=torch.long).random_(5, 100))
        for _ in range(4):
            model(encoder_outputs=encoded, decoder_input_ids=torch.ones(6, 3, dtype=torch.long))
    assert scoring_flops(shape, 6, 32, 4) == pytest.approx(counter.get_total_flops(), rel=0.05)


def test_disk_is_the_trained_parameters_in_fp32_and_frozen_ones_apart():
    model = AutoModelForSequenceClassification.from_config(ENCODERS["bert"])
    shape = Architecture.of(json.loads(ENCODERS["bert"].to_json_string(use_diff=False)))
    machine, size = Machine(ACCELERATORS["A100"]), Size(100, 20.0, 3)
    bytes_of_all = 4 * sum(parameter.numel() for parameter in model.parameters())
    whole = stage_cost(shape, size, Hyperparameters(), machine)
    frozen = stage_cost(shape, size, Hyperparameters(freeze_embeddings=True), machine)
    assert (whole.disk, whole.frozen) == (bytes_of_all, 0)
    assert frozen.frozen == 4 * model.get_input_embeddings().weight.numel()
    assert frozen.disk + frozen.frozen == bytes_of_all
    assert frozen.flops < whole.flops


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("xlm-roberta-base", 278),
        ("xlm-roberta-large", 560),
        ("bert-base-multilingual-cased", 178),
        ("microsoft/mdeberta-v3-base", 279),
        ("embedded:e5-small", 118),
        ("google/mt5-small", 300),
        ("google/mt5-base", 582),
        ("google/mt5-large", 1230),
        ("google/mt5-xl", 3743),
        ("google/mt5-xxl", 12921),
        ("google/byt5-small", 300),
        ("google/byt5-base", 582),
        ("google/byt5-large", 1229),
    ],
)
def test_known_models_have_their_published_size(name, millions):
    shape = KNOWN_MODELS[name]
    counted = shape.word_embeddings + shape.body_parameters() + shape.head_parameters(2)
    assert counted == pytest.approx(millions * 1e6, rel=0.003)


def test_a_folder_needs_no_more_than_its_config(tmp_path):
    ENCODERS["bert"].save_pretrained(tmp_path)
    assert architecture(str(tmp_path)).hidden == 24


@pytest.mark.parametrize("apart", [True, False])
def test_an_output_layer_of_its_own_is_seen_in_the_weights(apart, tmp_path):
    """transformers 5 saves `tie_word_embeddings: true` either way."""
    model = MT5ForConditionalGeneration(MT5Config(**T5))
    if apart:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight + 1)
        model.all_tied_weights_keys.pop("lm_head.weight")
    model.save_pretrained(tmp_path)
    shape = architecture(str(tmp_path))
    counted = shape.word_embeddings + shape.body_parameters()
    assert shape.tied is not apart
    assert counted == sum(parameter.numel() for parameter in model.parameters())


def test_what_is_missing_is_said(tmp_path):
    with pytest.raises(UnknownShapeError, match=r"someone/model.*are not known.*name its folder"):
        architecture("someone/model")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 8}))
    with pytest.raises(UnknownShapeError, match="lacks 'max_position_embeddings'"):
        architecture(str(tmp_path))
    with pytest.raises(UncountedModelError, match="'mamba'"):
        Architecture.of({"model_type": "mamba"})

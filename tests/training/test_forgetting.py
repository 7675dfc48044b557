"""A stage's encoder under the head of another."""

import pytest
import torch
import transformers
from safetensors.torch import save_file

from harness.kinds.registry import task_kind
from harness.models.references import ModelRef
from harness.training.forgetting import HeadlessError, joined_model

from .kinds import FOLDERS, kind_task
from .models import TASK

CONFIG = {
    "vocab_size": 70,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


def task_of(kind):
    if kind == "classification":
        return TASK
    return kind_task(kind, **({"labels": ["O", "B-ODD", "I-ODD", "B-EVEN"]} if kind == "tagging" else {}))


def whole_model(kind, seed, model_type="bert"):
    head = task_kind(kind).model.head
    config = transformers.AutoConfig.for_model(model_type, **CONFIG)
    config.update(head.settings(task_of(kind)))
    torch.manual_seed(seed)
    return getattr(transformers, head.auto_class).from_config(config)


def head_of(kind, folder):
    return task_of(kind), folder / task_kind(kind).model.head.folder


def joined(kind, folder, model_type="bert"):
    """Save a stage and another stage's encoder; return both models and what is joined of them."""
    own, later = whole_model(kind, 1, model_type), whole_model(kind, 2, model_type)
    own.save_pretrained(folder / task_kind(kind).model.head.folder)
    encoder = folder / "later"
    encoder.mkdir()
    prefix = f"{later.base_model_prefix}."
    weights = {name: tensor.clone() for name, tensor in later.state_dict().items() if name.startswith(prefix)}
    save_file(weights, encoder / "model.safetensors")
    return (
        own.state_dict(),
        later.state_dict(),
        joined_model(ModelRef.at(encoder), *head_of(kind, folder)),
        prefix,
    )


@pytest.mark.parametrize("model_type", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("kind", ["classification", *FOLDERS])
def test_the_encoder_is_the_later_stages_and_the_head_the_earlier_ones(kind, model_type, tmp_path):
    own, later, model, prefix = joined(kind, tmp_path, model_type)
    found = model.state_dict()
    assert found.keys() == own.keys()
    tied = {name for name in found if name.endswith("decoder.weight")}
    for name, tensor in found.items():
        source = later if name.startswith(prefix) or name in tied else own
        assert torch.equal(tensor, source[name]), name


def test_a_head_without_its_encoder_tensors_is_refused(tmp_path):
    own = whole_model("classification", 1)
    folder = tmp_path / "classifier"
    own.save_pretrained(folder)
    weights = {name: tensor for name, tensor in own.state_dict().items() if "classifier" not in name}
    save_file(weights, folder / "model.safetensors")
    (tmp_path / "later").mkdir()
    save_file(weights, tmp_path / "later" / "model.safetensors")
    with pytest.raises(HeadlessError, match=r"lacks 2 tensors \(first: classifier\.bias\)"):
        joined_model(ModelRef.at(tmp_path / "later"), *head_of("classification", tmp_path))

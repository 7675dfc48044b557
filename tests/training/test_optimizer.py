import math

import pytest
import torch

from harness.config.hyperparameters import Hyperparameters
from harness.training.optimizer import make_optimizer, make_schedule


def rates(steps, **settings):
    model = torch.nn.Linear(2, 2)
    optimizer = make_optimizer(model, Hyperparameters(learning_rate=0.5, **settings))
    schedule = make_schedule(optimizer, Hyperparameters(learning_rate=0.5, **settings), steps)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_the_rate_rises_over_the_warm_up_and_falls_to_zero():
    seen = rates(10, warmup_ratio=0.2)
    assert seen == pytest.approx([0.0, 0.25, 0.5, 0.4375, 0.375, 0.3125, 0.25, 0.1875, 0.125, 0.0625])


def test_a_constant_rate_stays_after_the_warm_up():
    assert rates(6, warmup_ratio=0.34, schedule="constant") == [0.0, 0.25, 0.5, 0.5, 0.5, 0.5]
    assert rates(3, warmup_ratio=0.0, schedule="constant") == [0.5, 0.5, 0.5]


def test_a_cosine_falls_to_zero_after_warm_up_steps():
    seen = rates(10, warmup_steps=2, warmup_ratio=0.9, schedule="cosine")
    assert seen[:4] == pytest.approx([0.0, 0.25, 0.5, 0.5 * (1 + math.cos(math.pi / 8)) / 2])
    assert seen[6] == pytest.approx(0.25)


def test_each_layer_has_a_share_of_the_rate_of_the_layer_above():
    from transformers import BertConfig, BertForSequenceClassification

    small = {"vocab_size": 20, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertForSequenceClassification(BertConfig(num_hidden_layers=3, **small))
    settings = Hyperparameters(learning_rate=0.5, layer_decay=0.5)
    rate = {
        id(parameter): group["lr"]
        for group in make_optimizer(model, settings).param_groups
        for parameter in group["params"]
    }
    assert {rate[id(one)] for one in model.classifier.parameters()} == {0.5}
    assert {rate[id(one)] for one in model.bert.pooler.parameters()} == {0.5}
    layers = model.bert.encoder.layer
    found = [{rate[id(one)] for one in layer.parameters()} for layer in layers]
    assert found == [{0.0625}, {0.125}, {0.25}]
    assert {rate[id(one)] for one in model.bert.embeddings.parameters()} == {0.03125}


def test_a_single_step_is_taken_at_the_full_rate():
    assert rates(1, warmup_ratio=0.1) == [0.5]


@pytest.mark.parametrize("settings", [{}, {"layer_decay": 0.9}])
def test_no_group_is_empty_where_all_that_is_trained_are_matrices(settings):
    """DeepSpeed removes an empty group, and then the schedule has one rate too many."""
    model = torch.nn.Sequential(torch.nn.Embedding(4, 3), torch.nn.Linear(3, 2, bias=False))
    groups = make_optimizer(model, Hyperparameters(learning_rate=0.5, **settings)).param_groups
    assert [one.shape for group in groups for one in group["params"]] == [(4, 3), (2, 3)]
    assert all(group["params"] for group in groups)


def test_biases_and_norms_do_not_decay_and_frozen_weights_are_left_out():
    model = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    model[0].weight.requires_grad_(False)
    decaying, others = make_optimizer(model, Hyperparameters(weight_decay=0.3)).param_groups
    assert decaying["weight_decay"] == 0.3 and others["weight_decay"] == 0.0
    assert [id(p) for p in decaying["params"]] == [id(model[1].weight)]
    assert {id(p) for p in others["params"]} == {id(p) for p in (model[1].bias, *model[2].parameters())}

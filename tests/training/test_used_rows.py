"""Training some rows of the word embeddings gives what training all of them gives."""

import copy

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM, AutoModelForSequenceClassification

from harness.config.hyperparameters import Hyperparameters
from harness.training.optimizer import make_optimizer, make_schedule
from harness.training.used_rows import UsedRows, merged_rows, train_used_rows

VOCABULARY, STEPS = 90, 6
SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_labels": 3,
    "pad_token_id": 1,
}
FAMILIES = {
    "bert": {},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "xlm-roberta": {},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "electra": {"embedding_size": 16},
    "rembert": {"input_embedding_size": 16},
    "modernbert": {"global_attn_every_n_layers": 1},
}
USED = np.array([1, 3, 4, *range(20, 60, 2)])
SETTINGS = Hyperparameters(learning_rate=3e-3, weight_decay=0.1, warmup_ratio=0.2)


def make(family, head=AutoModelForSequenceClassification):
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SMALL | FAMILIES[family])
    config._attn_implementation = "eager"
    return head.from_config(config)


def batch(step):
    drawing = np.random.RandomState(step)
    ids = torch.from_numpy(drawing.choice(USED[1:], (4, 12)))
    mask = torch.ones_like(ids)
    ids[0, 7:] = mask[0, 7:] = 1  # padding
    mask[0, 7:] = 0
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.from_numpy(drawing.randint(0, 3, 4))}


def train(model):
    optimizer = make_optimizer(model, SETTINGS)
    schedule = make_schedule(optimizer, SETTINGS, STEPS)
    model.train()
    for step in range(STEPS):
        torch.manual_seed(step)  # the dropout
        model(**batch(step)).loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return model


def trained(model):
    return {name: tensor.detach() for name, tensor in merged_rows(model, model.named_parameters())}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_those_of_training_all_rows(family):
    all_rows, some_rows = make(family), make(family)
    before = copy.deepcopy(all_rows.state_dict())
    train_used_rows(some_rows, USED)
    name = next(n for n, p in all_rows.named_parameters() if p is all_rows.get_input_embeddings().weight)
    assert some_rows.get_input_embeddings().weight.shape[0] == len(USED) + 1
    expected, found = trained(train(all_rows)), trained(train(some_rows))
    assert list(expected) == list(found)
    others = np.setdiff1d(np.arange(VOCABULARY), USED)
    for one, tensor in expected.items():
        if one == name:
            assert torch.equal(found[one][USED], tensor[USED])
            # They decay by one product of all steps' factors; step by step every one is rounded.
            torch.testing.assert_close(found[one][others], tensor[others], rtol=1e-6, atol=0)
            assert (tensor[USED] - before[one][USED]).abs().max() > 1e-3
            assert (tensor[others] - before[one][others]).abs().max() > 1e-5
        else:
            assert torch.equal(found[one], tensor), one


def test_other_tokens_are_read_as_they_are_when_nothing_is_trained():
    whole, model = make("bert").eval(), make("bert").eval()
    train_used_rows(model, USED)
    inputs = {"input_ids": torch.arange(VOCABULARY).reshape(9, 10)}
    assert torch.equal(model(**inputs).logits, whole(**inputs).logits)
    # And as the stage leaves them, once it is finished.
    everything = trained(train(model))
    model.get_input_embeddings().take_decay(model.get_input_embeddings().weight.detach())
    whole.load_state_dict(everything, strict=False)
    assert torch.equal(model.eval()(**inputs).logits, whole.eval()(**inputs).logits)


def test_a_token_that_was_not_foreseen_is_never_trained_in_silence():
    model = make("bert").train()
    train_used_rows(model, USED)
    with pytest.raises(IndexError):
        model(input_ids=torch.tensor([[2, 3]]))


def test_embeddings_that_are_frozen_or_the_output_layer_too_are_left_alone():
    frozen = make("bert")
    frozen.get_input_embeddings().weight.requires_grad_(False)
    language_model = make("xlm-roberta", AutoModelForMaskedLM)
    for model in (frozen, language_model):
        train_used_rows(model, USED)
        assert not any(isinstance(module, UsedRows) for module in model.modules())


@pytest.mark.parametrize("level", ["zero0", "zero1", "zero2", "zero3", "zero2_offload", "zero3_offload"])
def test_a_stage_decays_the_rows_that_its_inputs_do_not_name(one_process, weights, laboratory, level):
    name = "bert.embeddings.word_embeddings.weight"
    before, after = weights("untrained")[name], weights(f"level-{level}")[name]
    assert before.shape == after.shape
    settings = laboratory.job("any").hyperparameters
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.ones(1))], settings.learning_rate)
    schedule = make_schedule(optimizer, settings, 18)
    factor = 1.0
    for _ in range(18):
        factor *= 1 - schedule.get_last_lr()[0] * settings.weight_decay
        optimizer.step()
        schedule.step()
    unknown, mask = 1, 4  # [UNK] and [MASK] are in no row
    for row in (unknown, mask):
        torch.testing.assert_close(after[row], before[row] * factor, rtol=1e-5, atol=0)
    assert 1 - factor > 1e-5

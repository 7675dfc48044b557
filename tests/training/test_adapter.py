"""Stages that train an adapter: merged into the weights, or kept beside the name of their base."""

import pytest

from harness.config.hyperparameters import Precision
from harness.models.adapters import weights_of

LORA = {"adapter": {"rank": 4, "alpha": 8, "dropout": 0.1}}
KEPT = {"adapter": LORA["adapter"] | {"merge": False}}
QUERIES = {"adapter": {"rank": 2, "targets": ["query"]}, "dropout": 0.0}


@pytest.fixture(scope="module")
def adapted(laboratory):
    jobs = [
        laboratory.job("lora-two", "zero2", **QUERIES),
        laboratory.job("lora-three", "zero3", **QUERIES),
        laboratory.job("lora", "zero2", **LORA),
        laboratory.job("lora-second", "zero2", laboratory.stage("lora"), **LORA),
        laboratory.job("kept", "zero2", **KEPT),
        laboratory.job("kept-second", "zero3", laboratory.stage("kept"), **KEPT),
        laboratory.job("after-kept", "zero2", laboratory.stage("kept"), steps=1, learning_rate=1e-9),
        laboratory.job("lora-nowhere", "zero2", adapter={"targets": ["gate_proj"]}),
    ]
    return {job.digest: answer for job, answer in zip(jobs, laboratory.train(*jobs), strict=True)}


def classifier(laboratory, name):
    return weights_of(laboratory.stage(name, "classifier"))


def test_only_the_targets_and_the_head_change(adapted, laboratory):
    before, after = weights_of(laboratory.folder / "bert"), classifier(laboratory, "lora-two")
    assert not any("lora" in name or "base_layer" in name for name in after)
    changed = {name for name, one in after.items() if not one.equal(before.get(name[5:], one + 1))}
    queries = {f"bert.encoder.layer.{at}.attention.self.query.weight" for at in range(2)}
    assert changed == queries | {"classifier.weight", "classifier.bias"}
    curve = adapted["lora"]["result"]["loss_curve"]
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_zero_levels_agree(adapted, laboratory):
    two, three = classifier(laboratory, "lora-two"), classifier(laboratory, "lora-three")
    assert max(float((two[name] - three[name]).abs().max()) for name in two) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("level", ["zero2", "zero3"])
def test_a_killed_stage_resumes_bit_identically(laboratory, level):
    whole = laboratory.job(f"lora-whole-{level}", level, **LORA)
    killed = laboratory.job(f"lora-killed-{level}", level, **LORA)
    laboratory.train({"job": killed, "resume_every": 0.0, "kill_after_step": 9}, dies=True)
    answers = laboratory.train(whole, killed)
    assert answers[1]["result"]["resumed_from_step"] >= 8
    one, other = classifier(laboratory, whole.digest), classifier(laboratory, killed.digest)
    assert all(one[name].equal(other[name]) for name in one)


def test_an_adapter_that_is_kept_is_the_merged_model_and_small(adapted, laboratory):
    merged, kept = classifier(laboratory, "lora"), classifier(laboratory, "kept")
    assert adapted["kept"]["result"]["steps"] == 18
    for name in merged:
        at = name if name in kept else name.removeprefix("bert.")
        assert merged[name].equal(kept[at]), name
    files = {path.name for path in laboratory.stage("kept").iterdir()}
    assert "adapter_model.safetensors" in files and "model.safetensors" not in files
    assert laboratory.stage("kept-second").joinpath("adapter_model.safetensors").is_file()
    assert "result" in adapted["after-kept"]


def test_lm_eval_and_peft_open_what_is_kept(adapted, laboratory):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    from harness.evaluation.checkpoint import open_checkpoint
    from harness.evaluation.network import load_network
    from harness.models.references import ModelRef

    inputs = {"input_ids": torch.arange(5, 15)[None], "attention_mask": torch.ones(1, 10, dtype=torch.long)}
    folder = laboratory.stage("kept-second", "classifier")
    network = load_network(open_checkpoint(ModelRef.at(folder)), Precision.FP32)
    base = AutoModelForSequenceClassification.from_pretrained(laboratory.folder / "bert", num_labels=3)
    base.load_state_dict(weights_of(folder), strict=False)  # the head
    base.bert.load_state_dict(weights_of(laboratory.folder / "bert"), strict=False)
    peft = PeftModel.from_pretrained(base, str(folder)).eval()
    with torch.no_grad():
        torch.testing.assert_close(network(**inputs).logits, peft(**inputs).logits, rtol=0, atol=1e-5)


def test_layers_that_the_model_has_not_are_named(adapted):
    answer = adapted["lora-nowhere"]
    assert answer["error"] == "AdapterTargetError"
    assert "no linear layer named gate_proj" in answer["message"] and "query" in answer["message"]

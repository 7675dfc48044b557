import json

import pytest

from .models import LABELS


def shards(folder):
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = {}
    for tensor, file in index["weight_map"].items():
        files.setdefault(file, set()).add(tensor)
    assert set(files) == {path.name for path in folder.glob("*.safetensors")}
    return dict(sorted(files.items()))


def test_the_encoder_is_a_hugging_face_folder_without_head(one_process, laboratory):
    encoder = laboratory.stage("frozen-first")
    files = shards(encoder)
    assert list(files) == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    assert files["model-00001-of-00002.safetensors"] == {"bert.embeddings.word_embeddings.weight"}
    names = set().union(*files.values())
    assert all(name.startswith("bert.") for name in names)
    assert "bert.pooler.dense.weight" in names
    config = json.loads((encoder / "config.json").read_text())
    assert config["architectures"] == ["BertModel"]
    assert "id2label" not in config and "problem_type" not in config and "xstilts" not in config
    config = json.loads((laboratory.stage("frozen-first", "classifier") / "config.json").read_text())
    assert config["xstilts"] == {"max_length": 32}


@pytest.mark.parametrize("name", ["frozen-first", "frozen-second", "xlmr-second", "mdeberta-second"])
def test_both_folders_load_with_every_weight(one_process, laboratory, weights, name):
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

    encoder, report = AutoModel.from_pretrained(laboratory.stage(name), output_loading_info=True)
    # AutoModel gives XLM-R a pooler of its own, which its classifier does not have.
    assert {key for key in report["missing_keys"] if "pooler" not in key} == set()
    assert not report["unexpected_keys"]
    classifier, report = AutoModelForSequenceClassification.from_pretrained(
        laboratory.stage(name, "classifier"), output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert classifier.config.id2label == dict(enumerate(LABELS))
    assert classifier.config.label2id == {label: index for index, label in enumerate(LABELS)}
    saved = weights(name)
    assert saved.keys() == classifier.state_dict().keys()
    for key, tensor in encoder.state_dict().items():
        if f"{encoder.base_model_prefix}.{key}" in saved:
            assert torch.equal(tensor, saved[f"{encoder.base_model_prefix}.{key}"])
    assert AutoTokenizer.from_pretrained(laboratory.stage(name))("word1 word2")["input_ids"]


def test_frozen_tensors_and_tokenizer_are_handed_on_as_the_same_files(one_process, laboratory, weights):
    first, second = laboratory.stage("frozen-first"), laboratory.stage("frozen-second")
    frozen = "model-00001-of-00002.safetensors"
    assert (first / frozen).samefile(second / frozen)
    for name in ("frozen-zero3", "frozen-fp32"):
        # Written anew from a model that has all its weights in one file.
        assert (laboratory.stage(name) / frozen).read_bytes() == (first / frozen).read_bytes()
    assert (first / "tokenizer.json").samefile(laboratory.folder / "bert" / "tokenizer.json")
    assert (second / "tokenizer.json").samefile(first / "tokenizer.json")
    for file in shards(second):
        assert any(
            (second / file).samefile(path)
            for path in laboratory.stage("frozen-second", "classifier").glob("*.safetensors")
        )
    name = "bert.embeddings.word_embeddings.weight"
    from safetensors.torch import load_file

    original = load_file(laboratory.folder / "bert" / "model.safetensors")[
        "embeddings.word_embeddings.weight"
    ]
    assert (weights("frozen-second")[name] == original).all()


def test_a_head_in_the_parent_folder_is_never_used(one_process, weights):
    from_encoder, from_classifier = weights("after-encoder"), weights("after-classifier")
    trained_head = weights("frozen-first")["classifier.weight"]
    assert (from_encoder["classifier.weight"] == from_classifier["classifier.weight"]).all()
    assert float((from_classifier["classifier.weight"] - trained_head).abs().max()) > 1e-3
    body = "bert.encoder.layer.0.attention.self.query.weight"
    assert float((from_encoder[body] - weights("frozen-first")[body]).abs().max()) < 1e-6


def test_the_dropout_of_a_stage_does_not_reach_the_next(one_process, laboratory):
    for part in ("encoder", "classifier"):
        config = json.loads((laboratory.stage("repeat-a", part) / "config.json").read_text())
        assert config["hidden_dropout_prob"] == 0.1
        config = json.loads((laboratory.stage("level-zero0", part) / "config.json").read_text())
        assert config["hidden_dropout_prob"] == 0.1


def test_the_log_holds_loss_rate_and_speed(one_process, laboratory):
    lines = (laboratory.folder / "work" / "level-zero0" / "training_log.jsonl").read_text().splitlines()
    log = [json.loads(line) for line in lines]
    assert [line["step"] for line in log] == list(range(1, 19))
    assert log[0]["learning_rate"] == 0 and max(line["learning_rate"] for line in log) == 1e-3
    assert all(line["samples_per_second"] > 0 for line in log)

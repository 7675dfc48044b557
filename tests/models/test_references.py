import json
import shutil

import pytest

from harness.models.references import (
    ModelNotFoundError,
    ModelRef,
    UnsafeModelError,
    resolve_model,
)
from tests.training.models import make_bert


def test_a_local_folder_is_identified_by_its_content(tmp_path):
    copy = tmp_path / "copy"
    make_bert(tmp_path / "bert")
    shutil.copytree(tmp_path / "bert", copy)
    original = resolve_model(ModelRef(name=str(tmp_path / "bert")))
    same = resolve_model(ModelRef(name=str(copy)))
    assert same.fingerprint == original.fingerprint and same.revision is None
    assert same.ref.local().folder == copy.resolve()
    (copy / "README.md").write_text("no part of the model")
    assert resolve_model(ModelRef(name=str(copy))).fingerprint == original.fingerprint
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"hidden_dropout_prob": 0.2}))
    assert resolve_model(ModelRef(name=str(copy))).fingerprint != original.fingerprint


def test_a_folder_of_pickles_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(UnsafeModelError, match="safetensors"):
        resolve_model(ModelRef(name=str(tmp_path)))


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "a/b/c"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(ModelNotFoundError, match=name):
        resolve_model(ModelRef(name=name))


def test_a_hub_model_without_network_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelNotFoundError, match=r"xlm-roberta-base.*embedded:e5-small"):
        resolve_model(ModelRef(name="xlm-roberta-base"))


def test_an_embedded_model_is_known_without_its_wheels():
    found = resolve_model(ModelRef(name="embedded:e5-small"))
    assert found.ref.name == "embedded:e5-small" and len(found.fingerprint) == 64
    assert "multilingual-e5-small" in found.description


def test_a_model_downloaded_before_says_whether_it_is_text_to_text(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    for name, kind in (("mt5", "mt5"), ("encoder", "xlm-roberta")):
        folder = tmp_path / f"models--someone--{name}"
        snapshot = folder / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(commit)
        (snapshot / "config.json").write_text(json.dumps({"model_type": kind}))
        (snapshot / "model.safetensors").write_bytes(b"")
        found = resolve_model(ModelRef(name=f"someone/{name}"))
        assert (found.revision, found.is_text_to_text) == (commit, name == "mt5")

import json
import shutil

import pytest

from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from tests.training.models import make_bert


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    make_bert(folder)
    return folder


def test_folders_with_the_same_tokenizer_share_it(model, tmp_path):
    other = shutil.copytree(model, tmp_path / "other")
    assert fast_tokenizer(ModelRef.at(model)) is fast_tokenizer(ModelRef.at(other))


def test_another_tokenizer_or_architecture_or_code_of_its_own_is_loaded_anew(model, tmp_path):
    first = fast_tokenizer(ModelRef.at(model))
    words = shutil.copytree(model, tmp_path / "words")
    content = json.loads((words / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "Lowercase"}
    (words / "tokenizer.json").write_text(json.dumps(content))
    assert fast_tokenizer(ModelRef.at(words)).backend_tokenizer.normalizer is not None
    kind = shutil.copytree(model, tmp_path / "kind")
    config = json.loads((kind / "config.json").read_text())
    (kind / "config.json").write_text(json.dumps(config | {"model_type": "xlm-roberta"}))
    assert fast_tokenizer(ModelRef.at(model)) is not fast_tokenizer(ModelRef.at(kind))
    other = shutil.copytree(model, tmp_path / "other")
    own, others = (ModelRef.at(folder, trust_remote_code=True) for folder in (model, other))
    assert fast_tokenizer(own) is not fast_tokenizer(others)
    assert fast_tokenizer(ModelRef.at(model)) is not first  # only the last is kept

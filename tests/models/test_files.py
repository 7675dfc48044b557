"""A model's folder from anyone: read as data within limits, never run, never left."""

import json
import pickle
import shutil
from pathlib import Path

import pytest

from harness.config.hyperparameters import Hyperparameters
from harness.errors import UserError
from harness.models.files import ModelFileError, read_config, read_tensors, weight_files
from harness.models.references import ModelRef, UnsafeModelError, resolve_model
from harness.models.tokenizer import fast_tokenizer
from harness.training.model import load_model
from tests.training import models


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    models.make_bert(folder)
    return folder


@pytest.fixture
def model(bert: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bert, tmp_path / "model"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"hidden_size": ' + "9" * 5000 + "}", "can't be read as JSON"),
        ('{"hidden_size": ' + "9" * 40 + "}", "hidden_size.*beyond what any model has"),
        ('{"num_hidden_layers": 1000000}', "num_hidden_layers"),
        ('{"nested": [{"vocab_size": 1e300}]}', "vocab_size"),
        ("[]", "holds a list"),
        ("\x00", "can't be read as JSON"),
        ('"' + "x" * 20_000_001 + '"', "larger than"),
    ],
)
def test_bombs_in_a_configuration_are_refused(model: Path, content: str, says: str) -> None:
    (model / "config.json").write_text(content)
    with pytest.raises(ModelFileError, match=says):
        read_config(model)
    with pytest.raises(UserError):
        resolve_model(ModelRef.at(model))


@pytest.mark.parametrize(
    "name", ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "model.bin", "..", ""]
)
def test_an_index_cannot_lead_out_of_the_folder(model: Path, name: str) -> None:
    (model.parent / "secret.safetensors").write_bytes((model / "model.safetensors").read_bytes())
    (model / "model.safetensors").unlink()
    (model / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": name}}))
    with pytest.raises(ModelFileError, match=r"only safetensors files in the same folder|is missing"):
        weight_files(model)


@pytest.mark.parametrize(
    "damage", [b"", b"\xff" * 64, (2**62).to_bytes(8, "little") + b"{}", b"PK\x03\x04" + b"0" * 99]
)
def test_damaged_weights_are_named(model: Path, damage: bytes) -> None:
    (model / "model.safetensors").write_bytes(damage)
    with pytest.raises(ModelFileError, match=r"model\.safetensors: not a valid safetensors file"):
        read_tensors(model / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors"):
        load_model(ModelRef.at(model), models.TASK, Hyperparameters(max_length=32), 1)


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.marker,)


def test_pickled_weights_are_never_opened(model: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    bomb = pickle.dumps(_Bomb(marker))
    pickle.loads(bomb)
    assert marker.exists(), "the bomb works"
    marker.unlink()
    for name in ("pytorch_model.bin", "model.pt", "training_args.bin", "optimizer.pt"):
        (model / name).write_bytes(bomb)
    # Beside sound weights it lies idle; alone it is refused.
    load_model(ModelRef.at(model), models.TASK, Hyperparameters(max_length=32), 1)
    (model / "model.safetensors").unlink()
    with pytest.raises(UnsafeModelError):
        resolve_model(ModelRef.at(model))
    with pytest.raises(ModelFileError, match="is missing"):
        load_model(ModelRef.at(model), models.TASK, Hyperparameters(max_length=32), 1)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["bert", "own-kind"])
def test_code_in_a_models_folder_does_not_run(model: Path, tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "ran"
    code = f"from pathlib import Path\nPath({str(marker)!r}).touch()\n"
    for name in ("own", "modeling_own", "tokenization_own", "__init__", "configuration_own"):
        (model / f"{name}.py").write_text(code)
    own = {"AutoConfig": "configuration_own.C", "AutoModel": "modeling_own.M"}
    own["AutoModelForSequenceClassification"] = "modeling_own.M"
    edit(model / "config.json", auto_map=own, model_type=kind)
    tokenizer = {"AutoTokenizer": ["tokenization_own.T", "tokenization_own.T"]}
    edit(model / "tokenizer_config.json", auto_map=tokenizer, tokenizer_class="T")
    for load in (
        lambda: load_model(ModelRef.at(model), models.TASK, Hyperparameters(max_length=32), 1),
        lambda: fast_tokenizer(ModelRef.at(model)),
    ):
        try:
            load()
        except (UserError, ValueError, OSError) as error:
            assert "trust_remote_code" in str(error) or "own" in str(error), error
        assert not marker.exists()

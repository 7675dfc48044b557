from pathlib import Path

import pytest

from harness.evaluation.checkpoint import CheckpointError, open_checkpoint
from harness.evaluation.model import ModelArgumentError, XstiltsModel
from harness.evaluation.processes import DeviceError
from harness.models.references import ModelRef

from . import models


def test_a_head_that_no_task_scores_is_refused(tmp_path: Path):
    folder = models.make_classifier(tmp_path / "model")
    models.edit_config(folder, architectures=["BertForNextSentencePrediction"])
    with pytest.raises(CheckpointError, match="BertForNextSentencePrediction has no head that"):
        open_checkpoint(ModelRef.at(folder))


def test_missing_head_weights_are_refused_rather_than_drawn_at_random(tmp_path: Path):
    from safetensors.torch import load_file, save_file

    folder = models.make_classifier(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lack 2 tensors .*classifier\.bias"):
        XstiltsModel(folder)


def test_pickled_weights_are_refused(tmp_path: Path):
    folder = models.make_classifier(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"no \.safetensors"):
        open_checkpoint(ModelRef.at(folder))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"is_encoder_decoder": True, "model_type": "bart"}, "text-to-text models of the type bart"),
        ({"model_type": "mt5", "architectures": ["MT5ForConditionalGeneration"]}, "xstilts.text_format"),
        ({"auto_map": {"AutoModel": "model.Own"}}, "code of its own"),
        ({"id2label": {"0": "yes", "1": "Yes", "2": "no"}}, "one name"),
        ({"id2label": None}, "id2label: missing"),
        ({"id2label": {"1" * 5000: "yes"}}, r"its keys must be 0, 1, 2, …, not 1{79}…"),
        ({"id2label": {"0": "yes", "2": "no"}}, "not 0, 2"),
        ({"architectures": ["x" * 5000]}, "x{79}… has no head that"),
        ({"xstilts": {"max_length": -1}}, "it reads -1 tokens"),
        ({"max_position_embeddings": 2}, "it reads 2 tokens"),
    ],
)
def test_unfit_configurations_are_refused(tmp_path: Path, changes: dict, message: str):
    folder = models.make_classifier(tmp_path / "model")
    models.edit_config(folder, **changes)
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(ModelRef.at(folder)).labels  # noqa: B018 read from the configuration when they are needed


def test_what_is_no_model_folder_is_refused(tmp_path: Path):
    with pytest.raises(CheckpointError, match="no such folder"):
        open_checkpoint(ModelRef.at(tmp_path / "nothing"))
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        open_checkpoint(ModelRef.at(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="can't be read as JSON"):
        open_checkpoint(ModelRef.at(tmp_path))


def test_length_comes_from_training_then_from_the_model(tmp_path: Path):
    folder = models.make_classifier(tmp_path / "model", kind="xlm-roberta")
    assert open_checkpoint(ModelRef.at(folder)).max_length == 96
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 1e30}')
    assert open_checkpoint(ModelRef.at(folder)).max_length == 127
    models.edit_config(folder, xstilts={"max_length": 64})
    assert open_checkpoint(ModelRef.at(folder)).max_length == 64
    assert open_checkpoint(ModelRef.at(folder), max_length=30).max_length == 30
    with pytest.raises(CheckpointError, match="between 4 and 127"):
        open_checkpoint(ModelRef.at(folder), max_length=128)


def test_unfit_model_arguments_are_refused(tmp_path: Path):
    folder = models.make_classifier(tmp_path / "model")
    with pytest.raises(ModelArgumentError, match="batch_size"):
        XstiltsModel(folder, batch_size="many")
    with pytest.raises(ModelArgumentError, match="precision"):
        XstiltsModel(folder, precision="int8")
    with pytest.raises(DeviceError, match="unknown"):
        XstiltsModel(folder, device="gpu")
    with pytest.raises(ModelArgumentError, match="no such model argument: precison"):
        XstiltsModel.create_from_arg_obj({"pretrained": str(folder), "precison": "fp32"})
    for missing in ({}, {"pretrained": 5}):
        with pytest.raises(ModelArgumentError, match="pretrained=FOLDER"):
            XstiltsModel.create_from_arg_obj(missing)

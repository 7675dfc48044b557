"""A model that is written in several files is read from them by whatever opens it next."""

from transformers import AutoModelForSequenceClassification

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.evaluation.checkpoint import open_checkpoint
from harness.evaluation.network import load_network
from harness.models.adapters import weights_of
from harness.models.files import weight_files
from harness.models.references import ModelRef
from harness.training.checkpoint import CheckpointWriter, HeadExport
from harness.training.model import load_model

from .models import TASK, make_bert

SETTINGS = Hyperparameters(max_length=32, freeze_embeddings=True)


def write(model, folder):
    """Write a model as a stage would that has not changed it."""
    loaded = load_model(ModelRef.at(model), TASK, SETTINGS, 1, mapped=True)
    writer = CheckpointWriter(folder, [HeadExport(loaded, loaded.own_name, "classifier")], ModelRef.at(model))
    for name, parameter in loaded.model.named_parameters():
        if parameter.requires_grad:
            writer.add(name, parameter.detach())
    writer.finish()
    return loaded.model


def test_a_model_in_many_files_is_the_same_to_every_reader(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.training.shards.MAX_SHARD_BYTES", 5000)
    make_bert(tmp_path / "bert")
    due = write(tmp_path / "bert", tmp_path / "one").state_dict()
    encoder, classifier = tmp_path / "one" / "encoder", tmp_path / "one" / "classifier"
    files = weight_files(classifier)
    assert len(files) > 10 and len(files) == len(list(classifier.glob("*.safetensors")))
    # One tensor may be larger, two together are not.
    assert all(path.stat().st_size < 5000 + 20_000 for path in files)
    found = weights_of(classifier)
    assert found.keys() == due.keys() and all(found[name].equal(due[name]) for name in due)
    again = AutoModelForSequenceClassification.from_pretrained(classifier).state_dict()
    scored = load_network(open_checkpoint(ModelRef.at(classifier)), Precision.FP32).state_dict()
    assert all(again[name].equal(due[name]) and scored[name].equal(due[name]) for name in due)
    write(encoder, tmp_path / "two")
    frozen = "model-00001-of"
    (first,), (second,) = (list((tmp_path / at / "encoder").glob(f"{frozen}*")) for at in ("one", "two"))
    assert first.samefile(second)
    name = "bert.embeddings.word_embeddings.weight"
    assert weights_of(second.parent)[name].equal(due[name])

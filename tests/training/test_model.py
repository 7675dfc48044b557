import pytest
import torch
import transformers

from harness.config.hyperparameters import Hyperparameters
from harness.models.families import FAMILIES, Structure
from harness.models.references import ModelRef
from harness.training.checkpoint import CheckpointWriter, HeadExport
from harness.training.model import load_model
from harness.training.model_config import InputTooLongError

from .models import TASK

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
SIZES = {
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    "electra": SMALL | {"embedding_size": 32},
    "xmod": SMALL | {"languages": ["en_XX", "de_DE"]},
    "eurobert": SMALL | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "mask_token_id": 3},
    "rembert": SMALL | {"input_embedding_size": 16, "bos_token_id": 1, "eos_token_id": 2},
    "modernbert": SMALL
    | {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2},
}
SETTINGS = Hyperparameters(max_length=16, dropout=0.0, freeze_embeddings=True)


def save_pretrained(model_type, folder):
    config = transformers.AutoConfig.for_model(
        model_type, vocab_size=70, max_position_embeddings=40, **SIZES.get(model_type, SMALL)
    )
    torch.manual_seed(1)
    transformers.AutoModel.from_config(config).save_pretrained(folder)


@pytest.mark.parametrize(
    "model_type", [f.model_type for f in FAMILIES.values() if f.structure is Structure.ENCODER]
)
def test_every_supported_architecture_loads_saves_and_loads_again(model_type, tmp_path):
    save_pretrained(model_type, tmp_path / "model")
    loaded = load_model(ModelRef.at(tmp_path / "model"), TASK, SETTINGS, 5)
    inputs = {"input_ids": torch.arange(5, 15)[None], "attention_mask": torch.ones(1, 10, dtype=torch.long)}
    logits = loaded.model.train()(**inputs).logits
    assert torch.equal(logits, loaded.model(**inputs).logits), "dropout 0 must be 0 everywhere"

    export = HeadExport(loaded, loaded.own_name, "classifier")
    writer = CheckpointWriter(tmp_path, [export], ModelRef.at(tmp_path / "model"))
    for name, parameter in loaded.model.named_parameters():
        if parameter.requires_grad:
            writer.add(name, parameter.detach())
    writer.finish()
    classifier, report = transformers.AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "classifier", output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"]
    torch.testing.assert_close(classifier.eval()(**inputs).logits, logits)
    again = load_model(ModelRef.at(tmp_path / "encoder"), TASK, SETTINGS, 5)
    assert torch.equal(again.model.train()(**inputs).logits, logits)
    other = load_model(ModelRef.at(tmp_path / "encoder"), TASK, SETTINGS, 6)
    assert not torch.equal(other.model(**inputs).logits, logits)


def test_roberta_has_fewer_positions_than_its_table(tmp_path):
    save_pretrained("xlm-roberta", tmp_path)
    load_model(ModelRef.at(tmp_path), TASK, Hyperparameters(max_length=38), 1)
    with pytest.raises(InputTooLongError, match="39 is more than the model's 38"):
        load_model(ModelRef.at(tmp_path), TASK, Hyperparameters(max_length=39), 1)

import pytest

from harness.config.hyperparameters import Hyperparameters
from harness.errors import RunError, UserError
from harness.models.references import ModelRef


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("infinite", "DivergedError", ["tiny_pairs", "step 1 of 18", "training.learning_rate 0.001"]),
        ("incomplete", "IncompleteEncoderError", ["bert.encoder.layer.1.output.dense.weight", "1 tensors"]),
        ("too-long", "InputTooLongError", ["training.max_length: 65", "64 positions"]),
    ],
)
def test_a_stage_that_cannot_be_trained_says_why(one_process, name, error, words):
    answer = one_process[name]
    assert answer["error"] == error
    for word in words:
        assert word in answer["message"]


def test_a_step_that_deepspeed_would_leave_out_without_a_word_ends_the_stage(laboratory):
    orders = [
        {"job": laboratory.job(f"overflow-{level}-{precision}", level, precision=precision, steps=6),
         "infinite_gradient": 3}
        for level, precision in (("zero0", "bf16"), ("zero3", "bf16"), ("zero2", "fp32"), ("zero3", "fp32"))
    ]  # fmt: skip
    for answer in laboratory.train(*orders):
        assert answer["error"] == "DivergedError"
        assert "a gradient became infinite or NaN at step 3 of 6" in answer["message"]
        assert "training.learning_rate 0.001" in answer["message"]


def test_the_worker_goes_on_after_a_refused_stage_and_leaves_no_resume_point(one_process, laboratory):
    assert not (laboratory.folder / "work" / "infinite" / "resume").exists()
    assert list(one_process)[-1] == "too-long"


@pytest.mark.parametrize(
    ("settings", "processes", "words"),
    [
        ({"batch_size": 9}, 2, ["training.batch_size: 9", "2 processes", "training.accumulation 1"]),
        ({"batch_size": 8, "accumulation": 4}, 3, ["multiple of 12"]),
        ({"precision": "fp16"}, 1, ["training.precision: fp16", "bf16"]),
    ],
)
def test_settings_that_do_not_fit_the_machine_are_refused_by_key(settings, processes, words):
    import torch

    from harness.training.distributed import World
    from harness.training.engine import engine_config

    with pytest.raises(UserError) as caught:
        engine_config({}, Hyperparameters(**settings), World(0, processes, torch.device("cpu")))
    for word in words:
        assert word in str(caught.value)


def test_architectures_that_are_not_known_are_refused(tmp_path):
    from transformers import BartConfig

    from harness.models.checks import UnsupportedModelError
    from harness.training.model import load_model

    from .models import TASK

    BartConfig().save_pretrained(tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"bart.*xlm-roberta.*mt5"):
        load_model(ModelRef.at(tmp_path), TASK, Hyperparameters(), 1)
    assert not issubclass(UnsupportedModelError, RunError)


def test_fp16_is_refused_for_models_whose_activations_exceed_it(tmp_path):
    from transformers import MT5Config

    from harness.training.model import load_model
    from harness.training.model_config import UnsafePrecisionError

    from .models import TASK

    MT5Config().save_pretrained(tmp_path)
    with pytest.raises(UnsafePrecisionError, match="set bf16"):
        load_model(ModelRef.at(tmp_path), TASK, Hyperparameters(precision="fp16"), 1)

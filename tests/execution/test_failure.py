import pytest

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.errors import RunError
from harness.execution.failure import describe_error, is_out_of_memory
from harness.execution.steps.evaluate import EvaluateStep
from harness.execution.steps.train import TrainStep
from harness.models.references import ModelRef
from harness.training.job import Member
from tests.training.models import TASK

SETTINGS = Hyperparameters(batch_size=64, max_length=256)
STEP = {"digest": "d", "dependencies": (), "model": ModelRef(name="m")}
TRAIN = TrainStep(
    **STEP,
    parent=None,
    model_name="m",
    model_fingerprint="f",
    name=TASK.name,
    path=(TASK.name,),
    members=(Member(name=TASK.name, task=TASK, hyperparameters=SETTINGS),),
    heads={},
    sampling=Sampling(),
    hyperparameters=SETTINGS,
    seed=1,
    deepspeed="zero2",
    deepspeed_config={},
)
EVALUATE = EvaluateStep(**STEP, stage="d", split="test", limit=None, batch_size=48, precision="fp32", data={})


def real_error_of_the_cpu() -> Exception:
    import torch

    try:
        torch.empty(1 << 55)
    except RuntimeError as error:
        return error
    raise AssertionError("no machine has that much memory")


def real_error_of_numpy() -> Exception:
    import numpy as np

    try:
        np.ones(1 << 55)
    except MemoryError as error:
        return error
    raise AssertionError("no machine has that much memory")


@pytest.mark.parametrize(
    "error",
    [
        real_error_of_the_cpu(),
        real_error_of_numpy(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 1 GiB"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_out_of_memory_says_which_setting_to_lower_and_its_value(error: Exception) -> None:
    assert is_out_of_memory(error)
    words = describe_error(error, TRAIN.memory_advice())
    for part in ("training.accumulation (now 1)", "batch of 64", "training.max_length (now 256)"):
        assert part in words
    assert "training.per_task.tiny_pairs" in words
    assert "evaluation.batch_size (now 48)" in describe_error(error, EVALUATE.memory_advice())


def test_other_errors_are_given_as_they_are() -> None:
    assert describe_error(RunError("the loss became nan"), TRAIN.memory_advice()) == "the loss became nan"
    assert describe_error(ValueError("x"), TRAIN.memory_advice()) == "ValueError: x"

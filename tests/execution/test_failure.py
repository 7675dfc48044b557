from pathlib import Path

import pytest

from harness.config.hyperparameters import Hyperparameters
from harness.errors import RunError
from harness.evaluation.job import EvaluationJob
from harness.execution.failure import in_words, is_out_of_memory
from harness.execution.messages import EvaluateRequest, TrainRequest
from harness.models.references import ModelRef
from harness.training.job import Member, StageJob
from tests.training.models import TASK

SETTINGS = Hyperparameters(batch_size=64, max_length=256)
TRAIN = TrainRequest(
    job=StageJob(
        digest="d",
        name=TASK.name,
        model=ModelRef(name="e"),
        members=(Member(name=TASK.name, task=TASK, hyperparameters=SETTINGS),),
        hyperparameters=SETTINGS,
        seed=1,
        deepspeed={},
        workdir=Path("w"),
    ),
    locks=Path("locks"),
    resume_every=60.0,
)
EVALUATE = EvaluateRequest(
    job=EvaluationJob(
        checkpoint=ModelRef(name="c"),
        tasks=("t",),
        split="test",
        limit=None,
        batch_size=48,
        precision="fp32",
        output=Path("o"),
    )
)


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
    words = in_words(error, TRAIN)
    for part in ("training.accumulation (now 1)", "batch of 64", "training.max_length (now 256)"):
        assert part in words
    assert "training.per_task.tiny_pairs" in words
    assert "evaluation.batch_size (now 48)" in in_words(error, EVALUATE)


def test_other_errors_are_given_as_they_are() -> None:
    assert in_words(RunError("the loss became nan"), TRAIN) == "the loss became nan"
    assert in_words(ValueError("x"), TRAIN) == "ValueError: x"

"""Whatever a DeepSpeed file holds, it is read or refused with problems."""

import json
from pathlib import Path

import pytest
import torch
from deepspeed.runtime.config import DeepSpeedConfig
from hypothesis import event, given
from hypothesis import strategies as st

from harness.config.deepspeed_agreement import agreement_problems
from harness.config.deepspeed_file import deepspeed_files, read_deepspeed
from harness.config.deepspeed_keys import KEYS, ZERO
from harness.config.hyperparameters import Hyperparameters
from harness.config.problem import SpecError
from harness.training.distributed import World
from harness.training.engine import engine_config
from tests.config.test_any_content import VALUES, places, replaced

NAMES = st.sampled_from(sorted(KEYS)) | st.sampled_from(["zero_optimisation", "stage", ""])
SETTINGS = Hyperparameters(batch_size=8, accumulation=2, max_grad_norm=0.5)
PIECES = st.sampled_from([*'{}[]",:\\0 9', "NaN", "1" * 5000, "\x00"])


@pytest.mark.parametrize("name", ["zero2", "zero3_offload"])
@given(data=st.data())
def test_any_value_at_any_place(tmp_path: Path, name: str, data: st.DataObject) -> None:
    sound = json.loads(deepspeed_files()[name].read_text())
    content = replaced(sound, data.draw(st.sampled_from(places(sound))), data.draw(VALUES))
    if data.draw(st.booleans()):
        zero = {"stage": 2, data.draw(st.sampled_from(sorted(ZERO))): data.draw(VALUES)}
        content = {**content, "zero_optimization": zero}
    if data.draw(st.booleans()):
        content = {**content, data.draw(NAMES): data.draw(VALUES)}
    text = json.dumps(content)
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(PIECES) + text[at:]
    path = tmp_path / "own.json"
    path.write_text(text, encoding="utf-8")
    try:
        found = read_deepspeed(path, "own.json")
    except SpecError as error:
        event("refused")
        assert all(problem.remedy and str(path) in str(problem) for problem in error.problems)
        return
    assert found.zero_stage in (0, 1, 2, 3)
    # What a stage is given, DeepSpeed takes, with the values that it is told to have.
    if not agreement_problems(found, [SETTINGS]):
        config = engine_config(found.config, SETTINGS, World(0, 1, torch.device("cpu")))
        made = DeepSpeedConfig(config)
        assert (made.train_batch_size, made.gradient_clipping) == (8, 0.5)
        assert (made.gradient_accumulation_steps, made.managed_gradient_accumulation) == (2, True)
        assert (made.prescale_gradients, made.gradient_predivide_factor) == (False, 1.0)
        assert (made.optimizer_name, made.scheduler_name) == (None, None)
        assert made.bfloat16_config.enabled and not made.float16_config.enabled
        assert not made.torch_autocast_enabled and not made.zero_config.zenflow
        event("taken")


@pytest.mark.parametrize(
    "bomb", ["[" * 50_000, '{"a":' * 50_000, '{"zero_optimization": {"stage": ' + "9" * 5000 + "}}"]
)
def test_bombs_are_refused(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "own.json"
    path.write_text(bomb)
    with pytest.raises(SpecError):
        read_deepspeed(path, "own.json")

"""The table of DeepSpeed's keys is that of the installed DeepSpeed, so that an upgrade is noticed here."""

from collections.abc import Mapping
from typing import Any

import pytest
from deepspeed.comm.config import CommsLoggerConfig
from deepspeed.compile.config import CompileConfig
from deepspeed.monitor.config import CometConfig, CSVConfig, TensorBoardConfig, WandbConfig
from deepspeed.runtime import config as deepspeed_config
from deepspeed.runtime.config_utils import DeepSpeedConfigModel
from deepspeed.runtime.precision_config import DeepSpeedBF16Config, DeepSpeedFP16Config
from deepspeed.runtime.zero.config import DeepSpeedZeroConfig
from deepspeed.runtime.zero.leaf_module_config import DeepSpeedZeroLeafModuleConfig
from deepspeed.runtime.zero.offload_config import (
    DeepSpeedZeroOffloadOptimizerConfig,
    DeepSpeedZeroOffloadParamConfig,
)
from deepspeed.utils.config import DeepSpeedThroughputTimerConfig

from harness.config.deepspeed_key import DeepSpeedKey, Effect, Keys
from harness.config.deepspeed_keys import KEYS

MODELS: dict[str, type[DeepSpeedConfigModel]] = {
    "zero_optimization": DeepSpeedZeroConfig,
    "zero_optimization.offload_param": DeepSpeedZeroOffloadParamConfig,
    "zero_optimization.offload_optimizer": DeepSpeedZeroOffloadOptimizerConfig,
    "zero_optimization.leaf_module": DeepSpeedZeroLeafModuleConfig,
    "fp16": DeepSpeedFP16Config,
    "bf16": DeepSpeedBF16Config,
    "tensorboard": TensorBoardConfig,
    "csv_monitor": CSVConfig,
    "wandb": WandbConfig,
    "comet": CometConfig,
    "comms_logger": CommsLoggerConfig,
    "compile": CompileConfig,
    "timers.throughput": DeepSpeedThroughputTimerConfig,
}


def inner(path: str) -> Keys:
    keys: Keys = KEYS
    for name in path.split("."):
        found = keys[name].inner
        assert found is not None
        keys = found
    return keys


@pytest.mark.parametrize("path", MODELS)
def test_the_fields_of_each_model_are_known(path: str) -> None:
    fields = MODELS[path].model_fields
    names = {*fields} | {field.alias for field in fields.values() if field.alias}
    removed = {name for name, about in inner(path).items() if about.effect is Effect.REMOVED}
    assert names == inner(path).keys() - removed


class Recorder(dict[str, Any]):
    """A configuration that remembers which keys DeepSpeed asks for."""

    def __init__(self, content: Mapping[str, Any], asked: set[str]) -> None:
        super().__init__(content)
        self.asked = asked

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def keys(self) -> Any:
        return self

    def __copy__(self) -> "Recorder":
        return self


def test_every_key_that_deepspeed_asks_for_is_known() -> None:
    blocks = ("activation_checkpointing", "aio", "flops_profiler", "checkpoint", "data_types")
    asked: dict[str, set[str]] = {name: set() for name in ("", *blocks)}
    content = {name: Recorder({}, asked[name]) for name in blocks}
    deepspeed_config.DeepSpeedConfig(Recorder({"train_batch_size": 1, **content}, asked[""]))
    assert asked[""] == KEYS.keys()
    for name in blocks:
        assert asked[name] == inner(name).keys()


def test_what_deepspeed_has_removed_is_refused() -> None:
    def removed(keys: Keys) -> set[str]:
        return {name for name, about in keys.items() if about.effect is Effect.REMOVED}

    assert removed(KEYS) == deepspeed_config._REMOVED_TOP_LEVEL_CONFIG_KEYS.keys()
    assert removed(inner("zero_optimization")) == deepspeed_config._REMOVED_ZERO_CONFIG_KEYS.keys()


@pytest.mark.parametrize("path", MODELS)
def test_the_usual_value_of_a_refused_key_is_deepspeeds_default(path: str) -> None:
    fields = MODELS[path].model_fields
    refused: dict[str, DeepSpeedKey] = {
        name: about for name, about in inner(path).items() if about.effect is Effect.CHANGES
    }
    assert all(fields[name].get_default() in about.usual for name, about in refused.items())

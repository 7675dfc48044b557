"""DeepSpeed files as users have them: what others published is taken, what would change a result is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from harness.cli.main import cli
from harness.config.problem import SpecError
from tests.config.files import SEQUENCE, changed, write

ZERO2 = {"zero_optimization": {"stage": 2}}


def validate(tmp_path: Path, config: object, *changes: tuple[str, str]) -> tuple[int, str]:
    """Check a sequence file that names this DeepSpeed file; return exit code and words."""
    write(tmp_path, "my.json", json.dumps(config, indent=1))
    path = write(tmp_path, "trial.yaml", changed(SEQUENCE, ("zero2", "my.json"), *changes))
    done = CliRunner().invoke(cli, ["validate", str(path)])
    if isinstance(done.exception, SpecError):
        return done.exception.exit_code, str(done.exception)
    return done.exit_code, done.output


HUGGING_FACE: dict[str, Any] = {
    "fp16": {
        "enabled": "auto",
        "loss_scale": 0,
        "loss_scale_window": 1000,
        "initial_scale_power": 16,
        "hysteresis": 2,
        "min_loss_scale": 1,
    },
    "bf16": {"enabled": "auto"},
    "optimizer": {
        "type": "AdamW",
        "params": {"lr": "auto", "betas": "auto", "eps": "auto", "weight_decay": "auto"},
    },
    "scheduler": {
        "type": "WarmupDecayLR",
        "params": {"warmup_min_lr": "auto", "warmup_max_lr": "auto", "total_num_steps": "auto"},
    },
    "zero_optimization": {
        "stage": 3,
        "sub_group_size": 1e9,
        "reduce_bucket_size": "auto",
        "stage3_param_persistence_threshold": "auto",
        "stage3_gather_16bit_weights_on_model_save": True,
    },
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "steps_per_print": 2000,
}


@pytest.mark.parametrize(
    "config",
    [
        HUGGING_FACE,
        {**ZERO2, "zero_allow_untested_optimizer": True, "bf16": {"enabled": "auto"}},
        {"zero_optimization": {"stage": 2, "cpu_offload": False, "allgather_partitions": True}},
        {
            **ZERO2,
            "aio": {"block_size": 1048576},
            "prescale_gradients": False,
            "autotuning": {"enabled": False},
        },
        {**ZERO2, "csv_monitor": {"enabled": True, "output_path": "csv"}},
        {**ZERO2, "activation_checkpointing": {"partition_activations": True, "number_checkpoints": None}},
    ],
    ids=["hugging face", "untested optimizer", "old names", "usual values", "csv monitor", "nothing"],
)
def test_files_of_other_trainers_are_taken(tmp_path: Path, config: object) -> None:
    assert validate(tmp_path, config)[0] == 0


def test_fixed_values_that_agree_with_the_sequence_file_are_taken(tmp_path: Path) -> None:
    config = {
        **ZERO2,
        "train_batch_size": 32,
        "gradient_clipping": 1.0,
        "optimizer": {"type": "AdamW", "params": {"lr": 2e-5, "betas": [0.9, 0.999], "eps": 1e-8}},
        "bf16": {"enabled": True},
        "fp16": {"enabled": False, "initial_scale_power": 12},
    }
    assert validate(tmp_path, config)[0] == 0


def test_fixed_values_that_contradict_are_one_error_with_the_file_to_write(tmp_path: Path) -> None:
    config = {
        **ZERO2,
        "train_batch_size": 64,
        "optimizer": {"type": "OneBitAdam", "params": {"lr": 3e-5}},
        "scheduler": {"type": "WarmupLR", "params": {"warmup_num_steps": 500}},
        "fp16": {"enabled": True},
    }
    code, words = validate(tmp_path, config)
    assert code == 2
    assert words.startswith("1 problem found")
    assert f"{tmp_path / 'my.json'}:5: train_batch_size: 5 fixed values" in words
    assert "train_batch_size 64 (training.batch_size: 32)" in words
    assert "optimizer.params.lr 3e-05 (training.learning_rate: 2e-05)" in words
    assert "fp16.enabled true (training.precision: bf16)" in words
    better = json.loads(words[words.index("\n{") :])
    assert validate(tmp_path, better)[0] == 0


def test_a_setting_of_one_task_counts_too(tmp_path: Path) -> None:
    per_task = ("{epochs: 3}", "{epochs: 3, batch_size: 16}")
    code, words = validate(tmp_path, {**ZERO2, "train_batch_size": 32}, per_task)
    assert (code, "training.batch_size: 16" in words) == (2, True)


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"managed_gradient_accumulation": False}, "managed_gradient_accumulation", "training.accumulation"),
        ({"gradient_allreduce_op": "sum"}, "gradient_allreduce_op", '"mean"'),
        ({"prescale_gradients": True}, "prescale_gradients", "false"),
        ({"gradient_predivide_factor": 2.0}, "gradient_predivide_factor", "rounded"),
        ({"communication_data_type": "fp16"}, "communication_data_type", "training.precision: bf16"),
        ({"data_types": {"grad_accum_dtype": "fp32"}}, "data_types.grad_accum_dtype", "training.precision"),
        ({"data_efficiency": {"enabled": True}}, "data_efficiency", "training.train_rows"),
        ({"autotuning": {"enabled": True}}, "autotuning", '"enabled": false'),
        ({"tensor_parallel": {"autotp_size": 2}}, "tensor_parallel", "ZeRO"),
        ({"torch_autocast": {"enabled": True, "dtype": "bf16"}}, "torch_autocast", "training.precision"),
        ({"weight_quantization": {}}, "weight_quantization", "digest"),
        ({"zero_optimization": {"stage": 2, "zenflow": {}}}, "zero_optimization.zenflow", "delayed"),
        (
            {"zero_optimization": {"stage": 2, "load_from_fp32_weights": False}},
            "load_from_fp32_weights",
            "true",
        ),
        ({"bf16": {"bf16_master_weights_and_grads": True}}, "bf16_master_weights_and_grads", "remove it"),
    ],
)
def test_what_changes_the_result_is_refused(
    tmp_path: Path, change: dict[str, Any], key: str, says: str
) -> None:
    code, words = validate(tmp_path, {**ZERO2, **change})
    assert code == 2
    assert key in words
    assert says in words


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"zero_optimization": {"stage": 2, "overlap_com": True}}, "did you mean 'overlap_comm'?"),
        ({"zero_optimization": {"stage": 2, "aio": {}}}, "move it to the top level"),
        ({"stage": 2}, "move it into 'zero_optimization'"),
        ({**ZERO2, "offload_optimizer": {"device": "cpu"}}, "move it into 'zero_optimization'"),
        (
            {"zero_optimization": {"stage": 3, "offload_param": {"device": "cpu", "pin_memry": True}}},
            "did you mean 'pin_memory'?",
        ),
        (
            {**ZERO2, "activation_checkpointing": {"partition_activation": True}},
            "did you mean 'partition_activations'?",
        ),
        ({"zero_optimization": {"stage": 2, "reduce_bucket_size": "big"}}, "a whole number of at least 1"),
        ({"zero_optimization": {"stage": 2, "reduce_bucket_size": 0}}, "a whole number of at least 1"),
        ({"zero_optimization": {"stage": "2"}}, "0, 1, 2 or 3"),
        ({"zero_optimization": {"stage": 2, "offload_param": {"device": "cpu"}}}, "only ZeRO level 3"),
        ({**ZERO2, "progressive_layer_drop": {"enabled": True}}, "no longer has this"),
    ],
)
def test_misspelt_misplaced_and_impossible_keys_are_named(
    tmp_path: Path, config: dict[str, Any], says: str
) -> None:
    code, words = validate(tmp_path, config)
    assert code == 2
    assert says in words


def test_fp16_without_zero_is_refused(tmp_path: Path) -> None:
    fp16 = ("  epochs: 1\n", "  epochs: 1\n  precision: fp16\n")
    code, words = validate(tmp_path, {"zero_optimization": {"stage": 0}, "fp16": {"enabled": "auto"}}, fp16)
    assert code == 2
    assert "zero1 or zero2" in words
    assert validate(tmp_path, ZERO2, fp16)[0] == 0


def test_nvme_and_monitors_need_what_this_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.config.deepspeed_checks.find_library", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    nvme = {"zero_optimization": {"stage": 3, "offload_param": {"device": "nvme", "nvme_path": "nowhere"}}}
    code, words = validate(tmp_path, nvme)
    assert code == 2
    assert "there is no such folder" in words
    assert "libaio-dev" in words
    for name, package in {"tensorboard": "tensorboard", "wandb": "wandb", "comet": "comet_ml"}.items():
        code, words = validate(tmp_path, {**ZERO2, name: {"enabled": True}})
        assert (code, f"pip install {package}" in words) == (2, True)
        assert validate(tmp_path, {**ZERO2, name: {"enabled": False}})[0] == 0


def test_a_file_of_the_command_line_is_compared_too(tmp_path: Path) -> None:
    write(tmp_path, "mine.json", json.dumps({**ZERO2, "gradient_clipping": 5.0}))
    path = write(tmp_path, "trial.yaml", SEQUENCE)
    words = ["run", str(path), "--deepspeed", str(tmp_path / "mine.json"), "--store", str(tmp_path / "store")]
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, SpecError)
    assert "gradient_clipping 5.0 (training.max_grad_norm: 1.0)" in str(done.exception)

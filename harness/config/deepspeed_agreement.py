"""Whether a DeepSpeed file goes with the settings of a sequence file, which decides what both can say."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.config.deepspeed_checks import AUTO
from harness.config.deepspeed_file import DeepSpeedFile
from harness.config.deepspeed_key import Effect, Keys
from harness.config.deepspeed_keys import KEYS
from harness.config.hyperparameters import Hyperparameters, Optimizer, Precision
from harness.config.problem import Problem
from harness.config.yaml_source import Key, dotted

_ADAMW = ("AdamW", "Adam")
_FP16_DEFAULTS: Mapping[str, Any] = {
    "loss_scale": 0,
    "initial_scale_power": 16,
    "loss_scale_window": 1000,
    "hysteresis": 2,
    "consecutive_hysteresis": False,
    "min_loss_scale": 1,
}
# What `harness.training.optimizer` sets, whatever a sequence file says.
_ADAMW_SETTINGS: Mapping[str, Any] = {
    "betas": [0.9, 0.999],
    "eps": 1e-8,
    "bias_correction": True,
    "adam_w_mode": True,
    "amsgrad": False,
}


def agreement_problems(file: DeepSpeedFile, settings: Iterable[Hyperparameters]) -> list[Problem]:
    """Return why a DeepSpeed file cannot train stages with these settings.

    All fixed values that are not the stages' make one problem, which shows the file to write instead. Another
    is fp16 without ZeRO, where DeepSpeed 0.19 scales the gradients down without having scaled the loss up.
    """
    stages = list(settings)
    return [
        *_contradictions(file, stages),
        *_fp16_without_zero(file, stages),
        *_partitioned_adafactor(file, stages),
    ]


def _contradictions(file: DeepSpeedFile, stages: list[Hyperparameters]) -> Iterator[Problem]:
    found: dict[Key, str] = {}
    for place, value, setting in _fixed(file.config, KEYS, ()):
        for one in stages:
            says = _says(place, value, one)
            if says is not None:
                found[place] = f"{dotted(place)} {json.dumps(value)} ({setting or 'xstilts'}: {says})"
                break
    if not found:
        return
    better = copy.deepcopy(file.config | dict(file.monitors))
    for place in found:
        _set(better, place)
    (first, *_) = found
    count = f"{len(found)} fixed values are" if len(found) > 1 else "a fixed value is"
    yield Problem(
        file.path,
        file.lines.get(first),
        dotted(first),
        "",
        f"{count} not what the sequence file decides: {'; '.join(found.values())}",
        "change the sequence file, if these values are meant; else let it decide, and write instead:\n"
        + json.dumps(better, indent=2),
    )


def _fp16_without_zero(file: DeepSpeedFile, stages: list[Hyperparameters]) -> Iterator[Problem]:
    if file.zero_stage == 0 and any(one.precision is Precision.FP16 for one in stages):
        yield Problem(
            file.path,
            file.lines.get(("zero_optimization",)),
            "zero_optimization.stage",
            str(file.zero_stage),
            "training.precision fp16 learns next to nothing at ZeRO level 0: DeepSpeed 0.19 divides the "
            "gradients by the loss scale without having scaled the loss",
            "use level 1 or 2 (deepspeed: zero1 or zero2), or training.precision bf16 or fp32",
        )


def _partitioned_adafactor(file: DeepSpeedFile, stages: list[Hyperparameters]) -> Iterator[Problem]:
    if file.zero_stage > 0 and any(one.optimizer is Optimizer.ADAFACTOR for one in stages):
        yield Problem(
            file.path,
            file.lines.get(("zero_optimization",)),
            "zero_optimization.stage",
            str(file.zero_stage),
            "training.optimizer adafactor keeps a mean for each row and column of a weight matrix, and "
            "levels 1 to 3 give it parts of matrices laid end to end: it would be another optimizer for "
            "each number of devices",
            "use level 0 (deepspeed: zero0), where Adafactor's own states take next to no memory, or "
            "training.optimizer adamw",
        )


def _fixed(values: Mapping[str, Any], keys: Keys, above: Key) -> Iterator[tuple[Key, Any, str]]:
    """Yield place, value and the sequence file's key of what it decides and the DeepSpeed file fixes."""
    for name, value in values.items():
        about, place = keys[name], (*above, name)
        if value == AUTO or value is None:
            continue
        if about.effect is Effect.SEQUENCE:
            yield place, value, about.setting
        elif about.inner is not None and isinstance(value, Mapping):
            yield from _fixed(value, about.inner, place)


def _says(place: Key, value: Any, settings: Hyperparameters) -> str | None:
    """Return what a stage does instead of a fixed value; None where it does just that."""
    block, name = str(place[0]), str(place[-1])
    numbers = {
        "train_batch_size": settings.batch_size,
        "train_micro_batch_size_per_gpu": settings.batch_size // settings.accumulation,
        "gradient_accumulation_steps": settings.accumulation,
        "gradient_clipping": settings.max_grad_norm,
        "max_grad_norm": settings.max_grad_norm,
        "lr": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        **_ADAMW_SETTINGS,
    }
    precision = settings.precision.value
    if block == "scheduler":
        steps, ratio = settings.warmup_steps, settings.warmup_ratio
        warmup = f"warmup_ratio {ratio:g}" if steps is None else f"warmup_steps {steps}"
        return f"{settings.schedule.value}, {warmup}"
    if block in ("fp16", "bf16", "bfloat16"):
        if name == "enabled":
            return None if value == (precision == block.replace("bfloat", "bf")) else precision
        harmless = settings.precision is not Precision.FP16 or value == _FP16_DEFAULTS[name]
        return None if harmless else f"fp16 with DeepSpeed's usual {_FP16_DEFAULTS[name]}"
    if block in ("communication_data_type", "data_types"):
        return None if value == precision else precision
    if place == ("optimizer", "type"):
        due = _ADAMW if settings.optimizer is Optimizer.ADAMW else ("Adafactor",)
        return None if str(value).lower() in map(str.lower, due) else due[0]
    number = numbers[name]
    return None if value == number else json.dumps(number)


def _set(config: dict[str, Any], place: Key) -> None:
    """Write `auto` at a place."""
    for part in place[:-1]:
        config = config[part]  # type: ignore[index]
    config[place[-1]] = AUTO  # type: ignore[index]

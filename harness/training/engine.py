"""DeepSpeed's engine: its configuration filled in, started, and the fp32 weights taken out again."""

import copy
import gc
from collections.abc import Collection, Iterator
from typing import Any

import torch

from harness.compat.deepspeed import undo_zero3
from harness.config.deepspeed_file import without_autos, zero_stage
from harness.config.hyperparameters import Hyperparameters, Precision
from harness.errors import UserError
from harness.training.distributed import World
from harness.training.memory import release_memory
from harness.training.monitors import Monitoring, close_monitors, named_run
from harness.training.optimizer import make_optimizer, make_schedule
from harness.training.partition import partition_parameters

_DEFAULT_BUCKET = int(5e8)
"""DeepSpeed's reduce_bucket_size (deepspeed/runtime/zero/config.py)."""


class BatchSplitError(UserError):
    """The batch cannot be divided among the processes."""


class PrecisionError(UserError):
    """The device does not do the number format."""


def engine_config(base: dict[str, Any], settings: Hyperparameters, world: World) -> dict[str, Any]:
    """Return a DeepSpeed configuration with the sequence file's settings filled in.

    Other values that are still "auto" are left out, so that DeepSpeed's defaults hold.

    Args:
        base: The DeepSpeed file's content.
        settings: The stage's hyperparameters.
        world: The processes and their device.

    Raises:
        BatchSplitError: batch_size is not a multiple of processes × accumulation.
        PrecisionError: the device does not do the precision.
    """
    ranks, accumulation = world.size, settings.accumulation
    if settings.batch_size % (ranks * accumulation):
        raise BatchSplitError(
            f"training.batch_size: {settings.batch_size} cannot be divided among {ranks} processes × "
            f"training.accumulation {accumulation}; choose a multiple of {ranks * accumulation}, "
            "or another number of --processes"
        )
    _check_precision(settings.precision, world.device)
    config: dict[str, Any] = without_autos(copy.deepcopy(base))
    for ours in ("optimizer", "scheduler"):  # start_engine brings its own
        config.pop(ours, None)
    config |= {
        "train_batch_size": settings.batch_size,
        "train_micro_batch_size_per_gpu": settings.batch_size // (ranks * accumulation),
        "gradient_accumulation_steps": accumulation,
        "gradient_clipping": settings.max_grad_norm,
        # torch's fused AdamW: several times faster on CPUs than DeepSpeed's, and no compiler needed.
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "steps_per_print": 2**31,
    }
    if world.device.type == "cpu" and zero_stage(config) > 0:
        # gloo reduces while the caller waits: nothing would overlap, only a second bucket be copied.
        config["zero_optimization"]["overlap_comm"] = False
    # bf16 has fp32's range. A step with gradients beyond it is not to be left out in silence, as fp16's are
    # to find their scale: the next loss is not finite and ends the stage.
    config["bf16"] = {
        **config.get("bf16", {}),
        "enabled": settings.precision is Precision.BF16,
        "check_grad_overflow": False,
    }
    config["fp16"] = {**config.get("fp16", {}), "enabled": settings.precision is Precision.FP16}
    return config


def _check_precision(precision: Precision, device: torch.device) -> None:
    if precision is Precision.FP16 and device.type != "cuda":
        raise PrecisionError("training.precision: fp16 needs a CUDA GPU and there is none; use bf16 or fp32")
    if precision is Precision.BF16 and device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        raise PrecisionError("training.precision: this GPU does not do bf16; use fp16 or fp32")


def start_engine(
    model: Any,
    config: dict[str, Any],
    settings: Hyperparameters,
    steps: int,
    world: World,
    monitoring: Monitoring | None = None,
) -> Any:
    """Return the started `DeepSpeedEngine` of a model, with AdamW and the schedule of `steps` steps."""
    import logging

    import deepspeed

    deepspeed.utils.logger.setLevel(logging.WARNING)
    if zero_stage(config) < 3:
        model.to(world.device)
    config = without_waits(config, model, world)
    optimizer = make_optimizer(model, settings)
    try:
        if zero_stage(config) == 3:
            partition_parameters(model, config, settings.precision, world.device)
        with named_run(monitoring):
            engine, _, _, _ = deepspeed.initialize(
                model=model,
                optimizer=optimizer,
                lr_scheduler=make_schedule(optimizer, settings, steps),
                config=config if monitoring is None else config | monitoring.config(),
                dist_init_required=False,
            )
    except BaseException:
        undo_zero3()
        raise
    # What dividing a model left: the parts as they were before DeepSpeed laid them side by side.
    release_memory()
    engine.train()
    return engine


def without_waits(config: dict[str, Any], model: Any, world: World) -> dict[str, Any]:
    """Return the configuration without what makes the host wait for a GPU, or is not safe to overlap."""
    better = {"timers": {"throughput": {"enabled": False}}} | config
    zero = config.get("zero_optimization", {})
    if zero_stage(config) == 0 or not zero.get("overlap_comm"):
        return better
    # A parameter larger than the bucket is reduced on a stream of its own, and its gradient freed meanwhile
    # without that stream's knowledge (stage_1_and_2.py, average_tensor). One process has nothing to overlap,
    # and would wait at the end of each backward pass.
    largest = max((one.numel() for one in model.parameters() if one.requires_grad), default=0)
    unsafe = zero_stage(config) < 3 and largest > zero.get("reduce_bucket_size", _DEFAULT_BUCKET)
    if world.size > 1 and not unsafe:
        return better
    return better | {"zero_optimization": zero | {"overlap_comm": False}}


def trained_weights(engine: Any, names: Collection[str] | None = None) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield name and fp32 master weights of trainable parameters; to be called on every rank.

    Args:
        engine: The engine.
        names: Of which parameters; default: all.
    """
    from deepspeed.utils import safe_get_full_fp32_param

    masters = _unpartitioned_masters(engine)
    for name, parameter in engine.module.named_parameters():
        if not parameter.requires_grad or (names is not None and name not in names):
            continue
        weights = masters.get(id(parameter))
        if weights is None:
            weights = safe_get_full_fp32_param(parameter)
        if weights is None:
            weights = parameter
        assert weights.dtype is torch.float32, f"{name}: no fp32 master weights, only {weights.dtype}"
        yield name, weights.detach()


def _unpartitioned_masters(engine: Any) -> dict[int, torch.Tensor]:
    """Map each low-precision parameter to its master of ZeRO 0, where DeepSpeed's own access has none."""
    optimizer = engine.optimizer
    if engine.zero_optimization_stage() > 0 or not hasattr(optimizer, "fp32_groups"):
        return {}
    pairs = zip(optimizer.fp16_groups, optimizer.fp32_groups, strict=True)
    return {id(low): master for lows, masters in pairs for low, master in zip(lows, masters, strict=True)}


def stop_engine(engine: Any) -> None:
    """Free what an engine holds and undo what it changed, so that the process can take the next stage."""
    close_monitors(engine)
    engine.destroy()
    undo_zero3()
    engine.module = engine.optimizer = engine.basic_optimizer = engine.lr_scheduler = None
    gc.collect()
    release_memory()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        # Offloaded states lie in pinned memory of the host, which torch would keep.
        torch._C._host_emptyCache()

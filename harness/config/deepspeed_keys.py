"""Every key of a DeepSpeed configuration, and what it may do to a stage.

The keys are those of DeepSpeed 0.19 (https://www.deepspeed.ai/docs/config-json/ and its own configuration
models); tests/config/test_deepspeed_keys.py compares them with the installed version, so that an upgrade that
adds or removes one is noticed. Nothing here imports DeepSpeed, since `validate` answers in under a second.
"""

from typing import Any

from harness.config.deepspeed_key import DeepSpeedKey, Effect, Keys


def _free(*values: str, least: float = 0) -> DeepSpeedKey:
    return DeepSpeedKey(Effect.FREE, values, least=least)


def _each(key: DeepSpeedKey, names: str) -> dict[str, DeepSpeedKey]:
    return dict.fromkeys(names.split(), key)


def _block(**inner: DeepSpeedKey) -> DeepSpeedKey:
    return DeepSpeedKey(Effect.FREE, ("object",), inner=inner)


def _changes(values: str, *usual: Any, reason: str = "it changes what a stage learns") -> DeepSpeedKey:
    return DeepSpeedKey(Effect.CHANGES, (values,), usual, reason)


def _sequence(setting: str, *values: str) -> DeepSpeedKey:
    return DeepSpeedKey(Effect.SEQUENCE, values, setting=setting)


def _removed(reason: str = "") -> DeepSpeedKey:
    return DeepSpeedKey(Effect.REMOVED, (), reason=reason)


_BOOL, _INT, _NUMBER, _TEXT, _LIST, _ANY = (
    _free("bool"),
    _free("int"),
    _free("number"),
    _free("text"),
    _free("list"),
    _free("bool", "number", "text", "list", "object"),
)
_PRECISION = "training.precision"
# DeepSpeed's own trainer code, which xstilts replaces or which does not go with its stages.
_DTYPES = ('"fp32"', '"fp16"', '"bf16"')


def _only_disabled(reason: str) -> DeepSpeedKey:
    return DeepSpeedKey(Effect.CHANGES, ("object",), ({"enabled": False}, {}), reason)


_OFFLOAD: Keys = {
    "device": _free('"none"', '"cpu"', '"nvme"'),
    "nvme_path": _TEXT,
    "buffer_count": _INT,
    "pin_memory": _BOOL,
}
_OFFLOAD_PARAM: Keys = {**_OFFLOAD, **_each(_INT, "buffer_size max_in_cpu")}
_OFFLOAD_OPTIMIZER: Keys = {
    **_OFFLOAD,
    **_each(_BOOL, "pipeline_read pipeline_write fast_init"),
    **_each(_NUMBER, "ratio cpuadam_cores_perc"),
    "super_offload": _changes("bool", False, reason="it brings an optimizer of its own"),
}

ZERO: Keys = {
    "stage": _free("0", "1", "2", "3"),
    "reduce_bucket_size": _free("int", least=1),
    **_each(
        _BOOL,
        "contiguous_gradients reduce_scatter use_multi_rank_bucket_allreduce allgather_partitions "
        "overlap_comm cpu_offload cpu_offload_param cpu_offload_use_pin_memory "
        "gather_16bit_weights_on_model_save "
        "stage3_gather_16bit_weights_on_model_save stage3_gather_fp16_weights_on_model_save "
        "use_all_reduce_for_fetch_params stage3_use_all_reduce_for_fetch_params allgather_sequential "
        "stage3_allgather_sequential round_robin_gradients parameter_alignment memory_efficient_linear "
        "override_module_apply log_trace_cache_warnings enable_sanity_checks "
        "save_muon_momentum_buffer_in_memory",
    ),
    **_each(
        _INT,
        "allgather_bucket_size sub_group_size prefetch_bucket_size stage3_prefetch_bucket_size "
        "param_persistence_threshold stage3_param_persistence_threshold model_persistence_threshold "
        "stage3_model_persistence_threshold max_live_parameters stage3_max_live_parameters "
        "max_reuse_distance stage3_max_reuse_distance module_granularity_threshold "
        "stage3_module_granularity_threshold "
        "zero_hpz_partition_size",
    ),
    "offload_param": _block(**_OFFLOAD_PARAM),
    "offload_optimizer": _block(**_OFFLOAD_OPTIMIZER),
    "leaf_module": _block(classes=_LIST, names=_LIST, name_suffixes=_LIST),
    "compute_grad_norm": _changes("bool", True, reason="training.max_grad_norm needs the norm"),
    "load_from_fp32_weights": _changes("bool", True, reason="a resumed stage would lose precision"),
    "elastic_checkpoint": _changes("bool", False, reason="a resumed stage would learn something else"),
    "pipeline_loading_checkpoint": _changes("bool", False, reason="resume points are read otherwise"),
    "ignore_unused_parameters": _changes(
        "bool", True, reason="a stage of several tasks leaves some parameters unused in each step"
    ),
    "legacy_stage1": _changes("bool", False, reason="DeepSpeed has no such implementation any more"),
    **_each(
        _changes("bool", False, reason="rounding to few bits changes what a stage learns"),
        "zero_quantized_weights zero_quantized_nontrainable_weights zero_quantized_gradients",
    ),
    "zenflow": _changes("object", None, reason="delayed updates change what a stage learns"),
    **_each(_removed(), "mics_shard_size mics_hierarchical_params_gather zeropp_loco_param"),
}

_OPTIMIZER = _block(
    type=_sequence("training.learning_rate and training.weight_decay", "text"),
    params=DeepSpeedKey(
        Effect.FREE,
        ("object",),
        inner={
            "lr": _sequence("training.learning_rate", "number"),
            "weight_decay": _sequence("training.weight_decay", "number"),
            "betas": _sequence("", "list"),
            "eps": _sequence("", "number"),
            "bias_correction": _sequence("", "bool"),
            "adam_w_mode": _sequence("", "bool"),
            "amsgrad": _sequence("", "bool"),
            "torch_adam": _BOOL,
            "max_grad_norm": _sequence("training.max_grad_norm", "number"),
        },
    ),
    legacy_fusion=_BOOL,
)
# The shape of a schedule is the sequence file's; numbers that are fixed would have to be its numbers.
_SCHEDULER = _block(
    type=_free("text"),
    params=DeepSpeedKey(
        Effect.FREE,
        ("object",),
        inner=_each(
            _sequence(
                "training.warmup_ratio, training.schedule and training.learning_rate", "number", "text"
            ),
            "warmup_min_lr warmup_max_lr warmup_num_steps warmup_type total_num_steps warmup_min_ratio "
            "cos_min_ratio warmup_ratio",
        ),
    ),
)
_FP16 = _block(
    enabled=_sequence(_PRECISION, "bool"),
    auto_cast=_BOOL,
    **_each(_sequence(_PRECISION, "number"), "loss_scale initial_scale_power loss_scale_window"),
    **_each(_sequence(_PRECISION, "number"), "hysteresis min_loss_scale"),
    consecutive_hysteresis=_sequence(_PRECISION, "bool"),
    fp16_master_weights_and_grads=_changes("bool", False),
)
_BF16 = _block(
    enabled=_sequence(_PRECISION, "bool"),
    immediate_grad_update=_BOOL,
    check_grad_overflow=_BOOL,
    bf16_master_weights_and_grads=_changes("bool", False),
    bf16_optimizer_states=_changes("bool", False),
)
_TENSORBOARD = {"enabled": _BOOL, "output_path": _TEXT, "job_name": _TEXT}

KEYS: Keys = {
    "zero_optimization": _block(**ZERO),
    # What the sequence file decides
    "train_batch_size": _sequence("training.batch_size", "int"),
    "train_micro_batch_size_per_gpu": _sequence("training.batch_size and training.accumulation", "int"),
    "gradient_accumulation_steps": _sequence("training.accumulation", "int"),
    "gradient_clipping": _sequence("training.max_grad_norm", "number"),
    "optimizer": _OPTIMIZER,
    "scheduler": _SCHEDULER,
    "fp16": _FP16,
    "bf16": _BF16,
    "bfloat16": _BF16,
    "communication_data_type": _sequence(_PRECISION, *_DTYPES),
    "data_types": _block(
        grad_accum_dtype=_sequence(_PRECISION, *_DTYPES),
        param_dtype=_sequence(_PRECISION, *_DTYPES),
        buffer_dtype=_changes("text", None),
        keep_in_fp32_modules=_changes("list", None),
    ),
    # How the work is spread, watched and reported
    **_each(
        _BOOL,
        "zero_allow_untested_optimizer zero_force_ds_cpu_optimizer disable_allgather disable_python_gc "
        "dump_state memory_breakdown wall_clock_breakdown dataloader_drop_last "
        "use_data_before_expert_parallelism",
    ),
    **_each(_NUMBER, "steps_per_print vocabulary_size"),
    "log_level": _free("text", "int"),
    "seq_parallel_communication_data_type": _free(*_DTYPES),
    "pipeline": _free("object"),
    "activation_checkpointing": _block(
        **_each(
            _BOOL,
            "partition_activations contiguous_memory_optimization cpu_checkpointing profile "
            "synchronize_checkpoint_boundary",
        ),
        number_checkpoints=_INT,
    ),
    "aio": _block(
        **_each(_INT, "block_size queue_depth intra_op_parallelism"),
        **_each(_BOOL, "single_submit overlap_events use_gds"),
    ),
    "flops_profiler": _block(
        **_each(_BOOL, "enabled detailed"),
        **_each(_free("number", least=-1), "recompute_fwd_factor profile_step module_depth top_modules"),
        output_file=_TEXT,
    ),
    "comms_logger": _block(**_each(_BOOL, "enabled prof_all verbose debug"), prof_ops=_LIST),
    "timers": _block(throughput=_block(enabled=_BOOL, synchronized=_BOOL)),
    "tensorboard": _block(**_TENSORBOARD),
    "csv_monitor": _block(**_TENSORBOARD),
    "wandb": _block(enabled=_BOOL, **_each(_TEXT, "group team project")),
    "comet": _block(
        **_each(_BOOL, "enabled online"),
        samples_log_interval=_INT,
        **_each(_TEXT, "project workspace api_key experiment_name experiment_key mode"),
    ),
    "checkpoint": _block(
        tag_validation=_TEXT,
        **_each(_BOOL, "use_node_local_storage checkpoint_serialization"),
        parallel_write=_free("object"),
        load_universal=_changes("bool", False, reason="resume points are read otherwise"),
        writer=_changes("object", None, reason="resume points are written otherwise"),
    ),
    # What changes the result, or does not go with xstilts
    "managed_gradient_accumulation": _changes(
        "bool", True, reason="gradients would be summed by other rules; training.accumulation splits a batch"
    ),
    "gradient_allreduce_op": _changes(
        "text", "mean", reason="the sum makes gradients grow with the number of processes"
    ),
    "prescale_gradients": _changes("bool", False, reason="it changes how gradients are rounded"),
    "gradient_predivide_factor": _changes("number", 1, reason="it changes how gradients are rounded"),
    "torch_autocast": _only_disabled("training.precision decides the number format"),
    "autotuning": _only_disabled(
        "it stops training to try other settings, and belongs to DeepSpeed's own launcher; "
        "`xstilts plan --cost` estimates memory and time"
    ),
    "data_efficiency": _only_disabled("it changes which rows are seen; training.train_rows limits them"),
    "hybrid_engine": _only_disabled("it generates text between steps"),
    "expert_parallel": _only_disabled("no model that xstilts trains has experts"),
    "tensor_parallel": DeepSpeedKey(
        Effect.CHANGES,
        ("object",),
        ({}, {"autotp_size": 0}, {"autotp_size": 1}),
        "xstilts spreads a stage by ZeRO; zero_optimization.stage 3 splits the weights",
    ),
    "compile": _block(
        deepcompile=_changes("bool", False, reason="it replaces the kernels of a stage"),
        passes=_changes("list", None, reason="it replaces the kernels of a stage"),
        **_each(
            _BOOL,
            "autoep_non_moe free_activation offload_activation offload_activation_pin_memory "
            "offload_opt_states double_buffer symmetric_memory debug_log offload_parameters "
            "sync_before_reduce sync_after_reduce sync_before_allgather sync_after_allgather "
            "keep_int_input_tensors keep_all_input_tensors",
        ),
        free_activation_threshold=_INT,
    ),
    "datastates_ckpt": _changes("object", False, None, reason="resume points are written otherwise"),
    "weight_quantization": _changes("object", None),
    # What DeepSpeed 0.19 has no longer
    "amp": _removed("training.precision decides the number format"),
    "curriculum_learning": _removed("it would change which rows are seen"),
    **_each(
        _removed(),
        "compression_training eigenvalue elasticity graph_harvesting nebula progressive_layer_drop "
        "quantize_training sparse_attention sparse_gradients",
    ),
}
"""Key -> what it does, for the whole file."""

MONITORS = {"tensorboard": "tensorboard", "wandb": "wandb", "comet": "comet_ml", "csv_monitor": None}
"""DeepSpeed's monitors -> the package and module that they need, if any."""


def homes(name: str, keys: Keys = KEYS, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the places (paths of keys) at which a key of this name stands in a DeepSpeed file."""
    found = [(*above, name)] if name in keys else []
    for key, about in keys.items():
        if about.inner is not None:
            found += homes(name, about.inner, (*above, key))
    return found

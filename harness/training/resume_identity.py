"""What a stage must have in common with a resume point to go on from it."""

import hashlib
import json
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from harness.config.deepspeed_file import zero_stage
from harness.training.distributed import World, gpu
from harness.training.job import StageJob
from harness.training.task_rows import TaskRows


def conditions(world: World, config: dict[str, Any]) -> dict[str, str]:
    """Return what a user changes most often of that which a resume point depends on."""
    packages = {name: metadata.version(name) for name in ("torch", "deepspeed", "transformers")}
    return {
        "processes": str(world.size),
        "device": _device(world),
        "ZeRO level": str(zero_stage(config)),
        **packages,
    }


def identity_of(job: StageJob, world: World, config: dict[str, Any], parts: Sequence[TaskRows]) -> str:
    """Return the digest of what a resume point depends on: job, processes, DeepSpeed file, versions."""
    packages = ("torch", "deepspeed", "transformers", "numpy")
    facts = {
        "job": job.model_dump(mode="json", include={"digest", "hyperparameters", "seed", "sampling"}),
        "tasks": [part.member.model_dump(mode="json", exclude={"data_revision", "head"}) for part in parts],
        "data": [part.data.fingerprint for part in parts],
        "processes": world.size,
        "device": _device(world),
        "deepspeed": config,
        "versions": {name: metadata.version(name) for name in packages},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _device(world: World) -> str:
    # Another GPU, or another cuDNN, takes other kernels.
    return gpu() if world.device.type == "cuda" else "cpu"


def dropout_seed(seed: int, rank: int) -> int:
    """Return the seed of a process's dropout."""
    return int.from_bytes(hashlib.sha256(f"dropout {seed} {rank}".encode()).digest()[:7], "big")

"""Entries of a store made without training."""

from pathlib import Path

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.store.provenance import environment
from harness.store.store import Store
from harness.training.job import LossPoint, StageResult
from harness.training.manifest import StageManifest


def manifest(digest: str) -> StageManifest:
    result = StageResult.model_validate(
        {
            "steps": 1, "samples": 2, "tokens": 3, "seconds": 1.0, "samples_per_second": 2.0,
            "loss_curve": (LossPoint(step=1, loss=0.5),), "final_loss": 0.5, "resumed_from_step": 0,
            "world_size": 1, "zero_stage": 2, "precision": "fp32", "device": "cpu", "hardware": "toy",
            "peak_memory_bytes": 1,
            "members": [{
                "name": "toy", "labels": ["no", "yes"], "folder": "classifier", "probability": 1.0,
                "steps": 1, "samples": 2, "tokens": 3, "rows": 2, "held_out": None,
                "data": {"source": "toy", "revision": None, "fingerprint": "f", "rows": 2},
            }],
        }
    )  # fmt: skip
    return StageManifest(
        digest=digest,
        environment=environment(),
        finished="2026-01-01T00:00:00+00:00",
        parent=None,
        model="toy",
        model_fingerprint="0",
        trust_remote_code=False,
        path=("toy",),
        hyperparameters=Hyperparameters(),
        sampling=Sampling(),
        seed=1,
        deepspeed="zero2",
        deepspeed_config={},
        result=result,
    )


def fill(store: Store, digest: str, weights: bytes = b"weights", frozen: bytes = b"frozen" * 1000) -> Path:
    """Put into a workdir what training leaves there."""
    folder = store.workdir(digest)
    (folder / "encoder").mkdir()
    (folder / "encoder" / "frozen.safetensors").write_bytes(frozen)
    (folder / "encoder" / "trained.safetensors").write_bytes(weights)
    (folder / "training_log.jsonl").write_text("{}\n")
    return folder

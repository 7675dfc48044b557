"""Stages on a GPU: the same bits again, all levels, all precisions, devices by any name."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.gpu_sections import material
from harness.models.adapters import weights_of
from tests.execution.command import WITH_FAULTS, xstilts
from tests.execution.command import weights as checksums
from tests.execution.experiment import make_experiment
from tests.training.conftest import LEVELS, Laboratory
from tests.training.test_resume import identical
from tests.training.test_zero import difference

pytestmark = pytest.mark.gpu
SETTINGS = {"dropout": 0.1, "precision": "bf16", "steps": 30}


@pytest.fixture(scope="module")
def long_rows() -> Iterator[Laboratory]:
    """XLM-R base's heads in four layers, and rows of some 230 words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XSTILTS_CACHE", "")  # which `material` sets
        with material((4, 768, 12), words=200, rows=300) as folder:
            yield Laboratory(folder)


@pytest.mark.parametrize("batch", [16, 32])
def test_a_stage_gives_the_same_bits_again_and_after_a_kill(laboratory, weights, batch):
    names = [f"{name}-{batch}" for name in ("first", "again", "killed")]
    first, again, killed = (laboratory.job(name, "zero2", batch_size=batch, **SETTINGS) for name in names)
    laboratory.train({"job": killed, "resume_every": 0.0, "kill_after_step": 18}, dies=True)
    *_, resumed = laboratory.train(first, again, killed)
    assert resumed["result"]["resumed_from_step"] > 0
    assert resumed["result"]["deterministic"]
    assert identical(weights(names[0]), weights(names[1]))
    assert identical(weights(names[0]), weights(names[2]))


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize("batch", [4, 16])
def test_long_inputs_give_the_same_bits_again_and_after_a_kill(long_rows: Laboratory, batch: int):
    """Shapes for which attention adds gradients up in pieces, in whatever order they come."""
    settings = SETTINGS | {"batch_size": batch, "max_length": 384}
    first, again, killed = (
        long_rows.job(f"{name}-{batch}", "zero2", "base", **settings) for name in ("first", "again", "killed")
    )
    long_rows.train({"job": killed, "resume_every": 0.0, "kill_after_step": 18}, dies=True)
    *_, resumed = long_rows.train(first, again, killed)
    assert resumed["result"]["resumed_from_step"] > 0
    expected, *others = (weights_of(job.workdir / "classifier") for job in (first, again, killed))
    assert all(identical(expected, other) for other in others)


def test_every_zero_level_gives_the_weights_of_level_0(laboratory, weights):
    jobs = [laboratory.job(f"gpu-{level}", level, precision="fp32", steps=12) for level in LEVELS]
    laboratory.train(*jobs)
    for level in LEVELS:
        assert difference(weights("gpu-zero0"), weights(f"gpu-{level}")) < 1e-4, level


@pytest.mark.usefixtures("cuda")
def test_fp16_learns_as_bf16_does_and_its_skipped_steps_are_counted(laboratory):
    kinds = [(level, precision) for level in ("zero1", "zero2") for precision in ("bf16", "fp16")]
    jobs = [
        laboratory.job(f"{level}-{precision}", level, precision=precision, steps=60)
        for level, precision in kinds
    ]
    losses = {kind: answer["result"] for kind, answer in zip(kinds, laboratory.train(*jobs), strict=True)}
    for level in ("zero1", "zero2"):
        bf16, fp16 = (losses[level, precision]["final_loss"] for precision in ("bf16", "fp16"))
        assert fp16 == pytest.approx(bf16, abs=0.1)
        assert losses[level, "bf16"]["skipped_steps"] == 0
        assert 0 <= losses[level, "fp16"]["skipped_steps"] < 30


@pytest.mark.usefixtures("cuda")
def test_a_device_may_be_named_by_its_uuid(laboratory, monkeypatch):
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True).stdout
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed.split("UUID: ")[1].split(")")[0])
    (answer,) = laboratory.train(laboratory.job("by-uuid", "zero2", steps=2))
    assert answer["result"]["device"] == "cuda"


def test_after_a_cuda_error_that_stays_the_next_stage_is_trained_by_another_process(tmp_path: Path):
    file = make_experiment(tmp_path, orders="[[rte], [pawsx]]", seeds="[1]")
    variables = {"PYTHONPATH": WITH_FAULTS, "XSTILTS_TEST_ERROR": "rte"}
    run = xstilts(tmp_path, "--workers", "1", file=file, variables=variables)
    assert isinstance(run, subprocess.CompletedProcess)
    assert "CUDA error: device-side assert" in run.stdout, run.stdout + run.stderr
    assert "2 stages trained" in run.stdout and "1 evaluations made" in run.stdout, run.stdout


def test_several_workers_on_one_device_give_the_weights_of_one(tmp_path: Path):
    found = []
    for workers in ("1", "3"):
        folder = tmp_path / workers
        file = make_experiment(folder, orders="all", seeds="[1]")
        run = xstilts(folder, "--workers", workers, file=file)
        assert isinstance(run, subprocess.CompletedProcess)
        assert run.returncode == 0, run.stdout + run.stderr
        found.append(_by_path(folder, checksums(folder)))
    assert found[0] == found[1]


def _by_path(folder: Path, sums: dict[str, str]) -> dict[tuple[str, ...], str]:
    from harness.store.store import Store
    from harness.training.manifest import STAGES

    return {stage.path: sums[stage.digest] for stage in Store(folder / "store").all(STAGES)}


@pytest.mark.usefixtures("cuda")
def test_what_made_a_stage_names_the_gpu(tmp_path: Path):
    import torch

    from harness.store.store import Store
    from harness.training.manifest import STAGES

    file = make_experiment(tmp_path, orders="[[]]", seeds="[1]")
    run = xstilts(
        tmp_path, file=file, variables={"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0")}
    )
    assert isinstance(run, subprocess.CompletedProcess)
    (stage,) = Store(tmp_path / "store").all(STAGES)
    name = torch.cuda.get_device_name()
    assert name in stage.environment.hardware and name in stage.result.hardware, run.stdout

"""What a process does with its GPU before it trains or scores; no GPU is needed to see it."""

import os
from typing import Any

import deepspeed
import pytest
import torch
import torch.distributed as dist
from deepspeed import ops
from deepspeed.accelerator import cuda_accelerator

from harness.evaluation import processes
from harness.training import distributed, resume_identity
from harness.training.distributed import World
from harness.training.resume_identity import identity_of

from .conftest import Laboratory


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is called, in order, in a process that sees four GPUs and is the third of its node."""
    done: list[Any] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(
        torch.cuda, "set_device", lambda device: done.append(getattr(device, "index", device))
    )
    for module in (distributed, processes):
        monkeypatch.setattr(module, "enable_determinism", lambda: done.append("strict"))
    for name, value in (("RANK", "2"), ("LOCAL_RANK", "2"), ("WORLD_SIZE", "4")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dist, "init_process_group", lambda backend, **_: done.append(backend))
    monkeypatch.setattr(distributed, "_start_deepspeed", lambda: done.append("deepspeed"))
    monkeypatch.setattr(dist, "get_rank", lambda: 2)
    monkeypatch.setattr(dist, "get_world_size", lambda: 4)
    return done


def test_a_training_process_is_strict_and_on_its_gpu_before_anything_computes(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: False)
    world = distributed.start_process_group()
    assert calls == ["strict", 2, "nccl", "deepspeed"]
    assert world == World(2, 4, torch.device("cuda", 2))


def test_a_process_alone_announces_no_group_to_those_that_it_starts(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: False)
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name)
    distributed.start_process_group()
    assert "RANK" not in os.environ and "WORLD_SIZE" not in os.environ


def test_so_it_is_where_the_program_has_formed_the_group(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    distributed.start_process_group()
    assert calls == ["strict", 2, "deepspeed"]


def test_deepspeed_finds_its_variable_also_where_the_group_is_there_already(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.delenv("LOCAL_RANK")
    distributed.start_process_group()
    assert os.environ["LOCAL_RANK"] == "0"


def test_each_process_scores_on_its_own_gpu_strictly(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    assert processes.Processes("auto").device == torch.device("cuda", 2)
    assert calls == ["strict", 2]


def test_a_process_that_sees_its_own_gpu_alone_takes_it(calls, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert distributed.start_process_group().device == torch.device("cuda", 0)
    assert calls[1] == 0
    assert processes.Processes("auto").device == torch.device("cuda", 0)


def test_deepspeed_asks_torch_for_free_memory_and_probes_for_no_compiler(monkeypatch):
    def probed() -> None:
        raise AssertionError("DeepSpeed tries out what can be compiled")

    monkeypatch.setattr(cuda_accelerator, "pynvml", object())
    monkeypatch.setattr(deepspeed, "init_distributed", lambda **_: None)
    monkeypatch.setattr(ops, "_probe_compatible_ops", probed)
    monkeypatch.delitem(vars(ops), "__compatible_ops__", raising=False)
    distributed._start_deepspeed()
    assert cuda_accelerator.pynvml is None
    assert ops.__compatible_ops__ == {}


def test_a_resume_point_of_another_gpu_or_another_cudnn_is_not_gone_on_from(tmp_path, monkeypatch):
    job = Laboratory(tmp_path).job("stage")
    found = []
    for gpu in ("A100, CUDA 13.0, cuDNN 9.1", "H100, CUDA 13.0, cuDNN 9.1", "A100, CUDA 13.0, cuDNN 9.2"):
        monkeypatch.setattr(resume_identity, "gpu", lambda gpu=gpu: gpu)
        found.append(identity_of(job, World(0, 1, torch.device("cuda")), {}, []))
    assert len({str(one) for one in found}) == 3

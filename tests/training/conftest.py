import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.config.hyperparameters import Hyperparameters
from harness.config.mixture import Sampling
from harness.kinds.registry import TrainingTask
from harness.models.references import ModelRef
from harness.training.job import Member, StageJob

from . import models

ROOT = Path(__file__).resolve().parents[2]
DRIVER = str(Path(__file__).parent / "driver.py")
ROWS = 70
DROPPED = (0, 33, 69)
LEVELS = ("zero0", "zero1", "zero2", "zero3", "zero2_offload", "zero3_offload")


@dataclass(frozen=True)
class Laboratory:
    """Tiny models and rows in a folder, and the means to train on them in processes of their own."""

    folder: Path

    def job(
        self,
        name: str,
        deepspeed: str = "zero0",
        encoder: str | Path = "bert",
        member: dict[str, Any] | None = None,
        **settings: Any,
    ) -> StageJob:
        """A job over one task; `member` has what it needs beside its settings, by default the toy task."""
        defaults: dict[str, Any] = {
            "epochs": 2,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "max_length": 32,
            "precision": "fp32",
            "dropout": 0.0,
        }
        hyperparameters = Hyperparameters(**(defaults | settings))
        only = {"task": models.TASK} | (member or {})
        return StageJob(
            digest=name,
            name=only["task"].name,
            model=ModelRef.at(self.folder / encoder),
            members=(Member(name=only["task"].name, hyperparameters=hyperparameters, **only),),
            hyperparameters=hyperparameters,
            seed=3,
            deepspeed=models.deepspeed_config(deepspeed),
            data_dir=self.folder / "data",
            workdir=self.folder / "work" / name,
        )

    def early(self, name: str, deepspeed: str = "zero2", **settings: Any) -> StageJob:
        """A job that its held-out rows stop; `metric` is theirs."""
        own = {
            "early_stopping": {"patience": 1, "every": 12, "metric": settings.pop("metric", None)},
            "schedule": "constant",
            "warmup_ratio": 0.0,
            "learning_rate": 5e-3,
            "epochs": 9,
        }
        return self.job(name, deepspeed, member={"task": models.HELD_OUT}, **(own | settings))

    def mixture(
        self, name: str, tasks: dict[str, TrainingTask], sampling: dict[str, Any], **settings: Any
    ) -> StageJob:
        """A job over several tasks; `settings` as for a single one."""
        job = self.job(name, **settings)
        members = tuple(
            Member(name=task, task=spec, hyperparameters=job.hyperparameters) for task, spec in tasks.items()
        )
        rule = Sampling.model_validate(sampling)
        return job.model_copy(update={"name": "all", "members": members, "sampling": rule})

    def stage(self, name: str, part: str = "encoder") -> Path:
        """The folder that an earlier stage leaves."""
        return self.folder / "work" / name / part

    def train(self, *orders: StageJob | dict[str, Any], processes: int = 1, dies: bool = False) -> list[Any]:
        """Train the jobs in one process (or one group of them) and return their answers."""
        full = [order if isinstance(order, dict) else {"job": order} for order in orders]
        listed = [order | {"job": order["job"].model_dump(mode="json")} for order in full]
        file = self.folder / "orders.json"
        file.write_text(json.dumps(listed))
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "XSTILTS_CACHE": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
        }
        # A process that has initialized CUDA cannot be copied.
        copied = processes == 1 and shutil.which("nvidia-smi") is None
        code, output = _in_copy(file, environment) if copied else _in_processes(file, environment, processes)
        assert (code != 0) == dies, output[-9000:]
        answers = [order["job"].workdir.with_suffix(".answer.json") for order in full]
        return [json.loads(answer.read_text()) for answer in answers if answer.exists()]


def _in_processes(file: Path, environment: dict[str, str], processes: int) -> tuple[int, str]:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    line = [sys.executable, *(launcher if processes > 1 else []), DRIVER, str(file)]
    run = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=900, check=False)
    return run.returncode, run.stdout[-3000:] + run.stderr


def _in_copy(file: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Train in a copy of a process that has imported the libraries: that takes as long as many stages."""
    server, log = _server(), file.with_suffix(".log")
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps({"orders": str(file), "environment": environment, "log": str(log)}) + "\n")
    server.stdin.flush()
    return int(server.stdout.readline()), log.read_text(errors="replace")


@cache
def _server() -> "subprocess.Popen[str]":
    variables = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, DRIVER], env=variables, text=True, **pipes)


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("training")
    models.make_bert(folder / "bert")
    models.make_xlm_roberta(folder / "xlm-roberta")
    models.make_deberta(folder / "mdeberta", tokenizer_of=folder / "xlm-roberta")
    models.break_weights(folder / "bert", folder / "infinite", scale="embeddings.LayerNorm.weight")
    models.break_weights(folder / "bert", folder / "incomplete", drop="encoder.layer.1.output.dense.weight")
    models.write_rows(folder / "data", ROWS)
    models.write_rows(folder / "fewer", ROWS, without=DROPPED)
    (folder / "work").mkdir()
    return Laboratory(folder)


@pytest.fixture(scope="session")
def one_process(laboratory: Laboratory) -> dict[str, Any]:
    """The answers of many stages, trained one after the other in one process, by the jobs' names."""
    one_step = {"steps": 1, "learning_rate": 1e-9}
    dropout = {"dropout": 0.1}
    frozen = {"freeze_embeddings": True, "precision": "bf16"}
    jobs = [
        laboratory.job("untrained", **one_step),
        *(laboratory.job(f"level-{level}", level) for level in LEVELS),
        laboratory.job("accumulated", "zero2", accumulation=4),
        laboratory.job("bf16-zero0", "zero0", precision="bf16"),
        laboratory.job("bf16-zero2", "zero2", precision="bf16"),
        laboratory.job("repeat-a", "zero2", **dropout),
        laboratory.job("repeat-b", "zero2", **dropout),
        laboratory.job("recomputed", "zero2", activation_checkpointing=True, **dropout),
        laboratory.job("frozen-first", "zero2", **frozen),
        laboratory.job("frozen-zero3", "zero3", **frozen),
        laboratory.job("frozen-fp32", "zero0", freeze_embeddings=True),
        laboratory.job("frozen-second", "zero3", laboratory.stage("frozen-first"), **frozen),
        laboratory.job("after-encoder", encoder=laboratory.stage("frozen-first"), **one_step),
        laboratory.job(
            "after-classifier", encoder=laboratory.stage("frozen-first", "classifier"), **one_step
        ),
        laboratory.job("xlmr", "zero2", "xlm-roberta"),
        laboratory.job("xlmr-second", "zero2", laboratory.stage("xlmr")),
        laboratory.job("mdeberta", "zero2", "mdeberta", dropout=None),
        laboratory.job("mdeberta-second", "zero2", laboratory.stage("mdeberta"), dropout=None),
        laboratory.job("few-rows", "zero2", train_rows=20, epochs=1),
        laboratory.job("dropped", "zero2", member={"dropped_rows": DROPPED}),
        laboratory.job("without", "zero2").model_copy(update={"data_dir": laboratory.folder / "fewer"}),
        laboratory.job("dropped-too-far", "zero2", member={"dropped_rows": (ROWS,)}),
        laboratory.early("early"),
        laboratory.early("early-unknown", metric="f1"),
        laboratory.early("early-steps", early_stopping=None, steps=36),
        laboratory.job("infinite", "zero2", "infinite"),
        laboratory.job("incomplete", "zero2", "incomplete"),
        laboratory.job("too-long", "zero2", max_length=65),
    ]
    return {job.digest: answer for job, answer in zip(jobs, laboratory.train(*jobs), strict=True)}


@pytest.fixture(scope="session")
def weights(laboratory: Laboratory) -> Callable[[str], dict[str, Any]]:
    """All tensors of a stage's classifier, by name."""

    def read(name: str) -> dict[str, Any]:
        from safetensors.torch import load_file

        from harness.models.files import weight_files

        tensors: dict[str, Any] = {}
        for file in weight_files(laboratory.stage(name, "classifier")):
            tensors |= load_file(file)
        return tensors

    return read


@pytest.fixture
def copied(laboratory: Laboratory) -> Callable[[str, str], None]:
    """Copy what a killed stage left, to resume it in several ways."""

    def copy(name: str, new: str) -> None:
        shutil.copytree(laboratory.folder / "work" / name, laboratory.folder / "work" / new)

    return copy

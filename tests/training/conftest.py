import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.spec.hyperparameters import Hyperparameters
from harness.training.job import StageJob

from . import models

ROOT = Path(__file__).resolve().parents[2]
ROWS = 70


@dataclass(frozen=True)
class Laboratory:
    """Tiny models and rows in a folder, and the means to train on them in processes of their own."""

    folder: Path

    def job(
        self, name: str, deepspeed: str = "zero0", encoder: str | Path = "bert", **settings: Any
    ) -> StageJob:
        defaults: dict[str, Any] = {
            "epochs": 2,
            "learning_rate": 1e-3,
            "batch_size": 8,
            "max_length": 32,
            "precision": "fp32",
            "dropout": 0.0,
        }
        return StageJob(
            digest=name,
            encoder=self.folder / encoder,
            task=models.TASK,
            hyperparameters=Hyperparameters(**(defaults | settings)),
            seed=3,
            deepspeed=models.deepspeed_config(deepspeed),
            data_dir=self.folder / "data",
            workdir=self.folder / "work" / name,
        )

    def train(self, *orders: StageJob | dict[str, Any], processes: int = 1, dies: bool = False) -> list[Any]:
        """Train the jobs in one process (or one group of them) and return their answers."""
        full = [order if isinstance(order, dict) else {"job": order} for order in orders]
        listed = [order | {"job": order["job"].model_dump(mode="json")} for order in full]
        file = self.folder / "orders.json"
        file.write_text(json.dumps(listed))
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        command = [
            sys.executable,
            *(launcher if processes > 1 else []),
            str(Path(__file__).parent / "driver.py"),
        ]
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "XSTILTS_CACHE": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(ROOT),
        }
        run = subprocess.run(
            [*command, str(file)], env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert (run.returncode != 0) == dies, run.stdout[-3000:] + run.stderr[-6000:]
        answers = [order["job"].workdir.with_suffix(".answer.json") for order in full]
        return [json.loads(answer.read_text()) for answer in answers if answer.exists()]


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("training")
    models.make_bert(folder / "bert")
    models.make_xlm_roberta(folder / "xlm-roberta")
    models.write_rows(folder / "data", ROWS)
    (folder / "work").mkdir()
    return Laboratory(folder)


@pytest.fixture(scope="session")
def weights() -> Callable[[StageJob], dict[str, Any]]:
    """All tensors of a stage's classifier, by name."""

    def read(job: StageJob) -> dict[str, Any]:
        from harness.training.model import weight_files
        from safetensors.torch import load_file

        tensors: dict[str, Any] = {}
        for file in weight_files(job.workdir / "classifier"):
            tensors |= load_file(file)
        return tensors

    return read

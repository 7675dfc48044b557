"""The rows and files that both sides of a comparison use."""

import json
import os
from pathlib import Path
from typing import Any

from harness.config.catalogue import Catalogue
from harness.config.hyperparameters import Hyperparameters, Precision
from harness.data.rows import load_training_rows
from harness.embedded.encoder import ensure_encoder
from harness.models.references import ModelRef
from harness.resources import shipped
from harness.training.job import Member, StageJob

BATCH, LENGTH, LEARNING_RATE = 16, 128, 5e-5


def data_folder() -> Path | None:
    """The real data, where available: XSTILTS_TEST_DATA, or `shared/data` beside the repository."""
    named = os.environ.get("XSTILTS_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if (folder / "xtreme" / "xnli" / "train-en.tsv").is_file() else None


def task_name() -> str:
    """English XNLI where its rows are available, else the NLI of the embedded corpus."""
    return "xnli" if data_folder() else "mini_nli"


def encoder() -> Path:
    return ensure_encoder("e5-small")


def stage_job(
    workdir: Path,
    rows: int | None,
    precision: str = "bf16",
    deepspeed: str = "zero2",
    task: str | None = None,
    frozen: bool = True,
    steps: int | None = None,
) -> StageJob:
    """The stage that the harness trains on the first comparison's rows, once over."""
    settings = Hyperparameters(
        epochs=1, steps=steps, train_rows=rows, learning_rate=LEARNING_RATE, batch_size=BATCH,
        max_length=LENGTH, precision=Precision(precision), freeze_embeddings=frozen,
    )  # fmt: skip
    trained = Catalogue.load().training_tasks[task or task_name()]
    return StageJob(
        digest=f"benchmark {rows} {precision} {frozen}",
        name=trained.name,
        model=ModelRef.at(encoder()),
        members=(Member(name=trained.name, task=trained, hyperparameters=settings),),
        hyperparameters=settings,
        seed=1,
        deepspeed=json.loads((shipped("deepspeed_configs") / f"{deepspeed}.json").read_text()),
        data_dir=data_folder(),
        workdir=workdir,
    )


def training_examples(rows: int) -> tuple[list[tuple[str, str]], list[int]]:
    """The pairs and labels that `stage_job` trains on."""
    pairs, labels, _ = task_examples(task_name(), rows)
    return pairs, labels


def task_examples(task: str, rows: int) -> tuple[list[tuple[str, str]], list[int], tuple[str, ...]]:
    """The texts and labels that a stage with `train_rows: rows` and seed 1 draws, and the labels' names."""
    from harness.training.batches import subsample

    found = load_training_rows(Catalogue.load().training_tasks[task], data_dir=data_folder())
    chosen = found.dataset.select(subsample(len(found.dataset), rows, 1))
    return list(zip(chosen["text_a"], chosen["text_b"], strict=True)), list(chosen["label"]), found.labels


def evaluation_tasks() -> list[str]:
    """The leaf tasks that the evaluation rivals score: of XNLI those with test files, or the mini corpus."""
    folder = data_folder()
    if folder is None:
        return [f"mini_nli_{code}" for code in ("en", "de", "es", "fr", "sw", "zh")]
    return sorted(f"xtreme_xnli_{file.stem[5:]}" for file in (folder / "xtreme" / "xnli").glob("test-*.tsv"))


def result(**measured: Any) -> None:
    """Hand the measurements of a side to the process that asked."""
    print(json.dumps(measured))

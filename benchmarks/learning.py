"""Whether each kind of task learns on real rows: `embedded:e5-small`, English training rows, held-out rows.

Bars: TyDiQA F1 of 0.40, WikiANN span F1 of 0.65, RTE and COPA accuracies of 0.55, a masked-LM loss that
falls by a fifth. Each kind takes less than half an hour on two cores. The rows lie below XSTILTS_TEST_DATA.
"""

import json
import shutil
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.material import data_folder, result, stage_job
from benchmarks.report import Report, side
from harness.config.catalogue import Catalogue
from harness.kinds.registry import TrainingTask
from harness.kinds.sources import HeldOutSources
from harness.training.job import Member
from harness.training.stage import train_stage

# Kind -> task, settings, metric and bar.
RECIPES = {
    "classification": ("rte", {"epochs": 4, "learning_rate": 5e-5, "max_length": 128}, "accuracy", 0.55),
    "multiple_choice": ("copa", {"epochs": 8, "learning_rate": 5e-5, "max_length": 64}, "accuracy", 0.55),
    "span_extraction": (
        "tydiqa_en",
        {"epochs": 1, "learning_rate": 1.5e-4, "max_length": 256},
        "answer_f1",
        0.40,
    ),
    "tagging": ("panx_en", {"epochs": 1, "learning_rate": 1.5e-4, "max_length": 64}, "span_f1", 0.65),
    "masked_lm": ("mlm", {"epochs": 1, "learning_rate": 1e-4, "max_length": 64}, "masked_loss", 0.20),
}


def run(report: Report, repeats: int) -> None:
    for kind, (task, _, metric, bar) in RECIPES.items():
        found = side("learn", kind=kind)
        curve = " ".join(f"{loss:.2f}" for loss in found["losses"])
        print(f"{task}: {found['metrics']} on {found['rows']} rows; loss {curve}")
        took = f"after {found['seconds'] / 60:.0f} min"
        if kind == "masked_lm":
            fall = 1 - found["losses"][-1] / found["losses"][0]
            report.note(f"learning: {task}, fall of the loss {took}", fall, "", str(bar))
        else:
            report.note(f"learning: {task}, {metric} {took}", found["metrics"][metric], "", str(bar))


def learn(kind: str) -> None:
    """Train one kind; give the metrics on held-out rows and the loss in tenths of the training."""
    task, settings, _, _ = RECIPES[kind]
    data = data_folder()
    assert data is not None, "the rows are not available: set XSTILTS_TEST_DATA"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Copies: rows are not read through links that lead out of the data folder.
        for part in ("copa", "glue", "xtreme/panx"):
            shutil.copytree(data / part, folder / "data" / part)
        own = folder / "data" / "learning"
        own.mkdir()
        spec = Catalogue.load().training_tasks[task]
        if kind == "masked_lm":
            spec = _other_files(spec, *_write_texts(data, own))
        elif kind == "span_extraction":
            spec = _other_files(spec, *_divide_questions(data, own))
        job = stage_job(folder / "stage", None, task=task)
        changed = job.hyperparameters.overridden(settings)
        member = Member(name=spec.name, task=spec, hyperparameters=changed)
        changes = {"members": (member,), "hyperparameters": changed, "data_dir": folder / "data"}
        done = train_stage(job.model_copy(update=changes), lambda _: None)
    held_out = done.members[0].held_out
    assert held_out is not None
    losses = [point.loss for point in done.loss_curve]
    tenth = max(1, len(losses) // 10)
    means = [fmean(losses[at : at + tenth]) for at in range(0, len(losses), tenth)]
    result(metrics=held_out.metrics, rows=held_out.rows, seconds=done.seconds, losses=means)


def _other_files(task: TrainingTask, train: str, held_out: str) -> TrainingTask:
    folder = task.sources.layouts[0].model_copy(update={"path": f"learning/{train}"})
    other = HeldOutSources(folder=folder.model_copy(update={"path": f"learning/{held_out}"}))
    sources = task.sources.model_copy(update={"folder": folder})
    return task.model_copy(update={"sources": sources, "held_out": other})


def _divide_questions(data: Path, folder: Path) -> tuple[str, str]:
    """Hold out every tenth context of TyDiQA's training rows; its development rows come without answers."""
    content = json.loads((data / "xtreme" / "tydiqa" / "train-en.json").read_text(encoding="utf-8"))
    contexts = {article["paragraphs"][0]["context"]: None for article in content["data"]}
    held_out = set(list(contexts)[::10])
    parts: dict[str, list[Any]] = {"train.json": [], "dev.json": []}
    for article in content["data"]:
        (paragraph,) = article["paragraphs"]
        parts["dev.json" if paragraph["context"] in held_out else "train.json"].append(article)
    for name, articles in parts.items():
        (folder / name).write_text(json.dumps({"data": articles}), encoding="utf-8")
    return "train.json", "dev.json"


def _write_texts(data: Path, folder: Path) -> tuple[str, str]:
    """Write texts to guess words in: the sentences of XNLI's training rows, held out some of PAWS-X's."""
    for source, name in (("xnli", "train.txt"), ("pawsx", "dev.txt")):
        lines = (data / "xtreme" / source / "train-en.tsv").read_text(encoding="utf-8").splitlines()
        texts = list(dict.fromkeys(text for line in lines for text in line.split("\t")[:2]))
        chosen = texts if name == "train.txt" else texts[:300]
        (folder / name).write_text("\n".join(chosen) + "\n", encoding="utf-8")
    return "train.txt", "dev.txt"


SIDES = {"learn": learn}

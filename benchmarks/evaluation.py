"""30,000 documents in 15 languages through lm-eval, against a bare loop over the same classifier."""

import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.report import Report
from harness.evaluation.datasets import scored_rows
from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.models.references import ModelRef
from tests.evaluation import models

ROWS, BATCH = 2000, 32


def run(report: Report, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models.write_xtreme(folder / "data", ROWS)
        checkpoint = models.make_classifier(folder / "model")
        job = EvaluationJob(
            checkpoint=ModelRef.at(checkpoint),
            tasks=tuple(f"xtreme_xnli_{language}" for language in models.XNLI_LANGUAGES),
            data_dir=folder / "data",
            batch_size=BATCH,
            output=folder / "out",
        )
        report.measured(
            "30,000 documents: tasks, rows and tokens, first checkpoint", lambda: evaluate_checkpoint(job), 1
        )
        report.measured("30,000 documents: a further checkpoint", lambda: evaluate_checkpoint(job), repeats)
        report.measured(
            "30,000 documents: a bare loop", lambda: _bare_loop(checkpoint, folder / "data"), repeats
        )


@torch.inference_mode()
def _bare_loop(checkpoint: Path, data: Path) -> int:
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    right = 0
    for language in models.XNLI_LANGUAGES:
        rows = scored_rows("xnli", language, "test", data).rows.dataset
        encoded = tokenizer(rows["text_a"][:], rows["text_b"][:], truncation=True, max_length=96)
        order = sorted(range(len(rows)), key=lambda row: len(encoded["input_ids"][row]))
        labels = torch.tensor(rows["label"][:])
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = tokenizer.pad(
                {name: [encoded[name][row] for row in chosen] for name in encoded}, return_tensors="pt"
            )
            right += int((model(**batch).logits.argmax(dim=-1) == labels[chosen]).sum())
    return right

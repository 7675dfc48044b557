"""Ways of scoring the same classifier on the same items: the harness, lm-eval's way, and a bare loop."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.model import LM

from benchmarks.material import LENGTH, data_folder, evaluation_tasks, result, stage_job
from harness.config.hyperparameters import Precision
from harness.evaluation.datasets import scored_rows
from harness.evaluation.job import EvaluationJob
from harness.evaluation.score import evaluate_checkpoint
from harness.models.references import ModelRef
from harness.training.stage import train_stage

BATCH = 64


def make_checkpoint(folder: str) -> None:
    """A classifier that was trained for a moment, so that its answers are not all alike."""
    train_stage(stage_job(Path(folder), 256), lambda _: None)
    result()


def harness_side(checkpoint: str, limit: int, precision: str = "bf16") -> None:
    """`xstilts eval`, from the call to the files that it leaves."""
    with tempfile.TemporaryDirectory() as folder:
        job = EvaluationJob(
            checkpoint=ModelRef.at(Path(checkpoint)), tasks=tuple(evaluation_tasks()), limit=limit,
            precision=Precision(precision), data_dir=data_folder(), output=Path(folder),
        )  # fmt: skip
        started = time.perf_counter()
        done = evaluate_checkpoint(job)
        seconds = time.perf_counter() - started
    assert done is not None
    items = sum(score.items for score in done.scores)
    result(
        items_per_second=items / seconds,
        scoring_per_second=done.items_per_second,
        accuracies={score.task: score.score for score in done.scores},
    )


class OnePassPerLabel(LM):
    """R3: lm-eval's own way: a forward pass for each request (a label), in the requests' order, fp32."""

    def __init__(self, checkpoint: str) -> None:
        super().__init__()
        self._model, self._tokenizer = _classifier(checkpoint)

    @torch.inference_mode()
    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        answers = []
        for start in range(0, len(requests), BATCH):
            batch = requests[start : start + BATCH]
            documents = [request.doc for request in batch]
            inputs = self._tokenizer(
                [document["text_a"] for document in documents],
                [document["text_b"] for document in documents],
                padding=True, truncation=True, max_length=LENGTH, return_tensors="pt",
            )  # fmt: skip
            scores = self._model(**inputs).logits.log_softmax(-1)
            for request, row in zip(batch, scores, strict=True):
                label = self._model.config.label2id[request.args[1].strip()]
                answers.append((float(row[label]), int(row.argmax()) == label))
        return answers

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        raise NotImplementedError

    def generate_until(self, requests: list[Any]) -> list[str]:
        raise NotImplementedError


def one_pass_per_label(checkpoint: str, limit: int) -> None:
    """R3 through lm-eval's simple_evaluate, from the call to its result."""
    import lm_eval

    from harness.evaluation.task_manager import EvaluationTaskManager

    started = time.perf_counter()
    done = lm_eval.simple_evaluate(
        OnePassPerLabel(checkpoint), tasks=evaluation_tasks(), limit=limit, bootstrap_iters=0,
        task_manager=EvaluationTaskManager(metadata={"split": "test", "data_dir": str(data_folder() or "")}),
    )  # fmt: skip
    seconds = time.perf_counter() - started
    items = sum(counts["effective"] for counts in done["n-samples"].values())
    accuracies = {task: done["results"][task]["acc,none"] for task in evaluation_tasks()}
    result(items_per_second=items / seconds, accuracies=accuracies)


@torch.inference_mode()
def sorted_loop(checkpoint: str, limit: int, tasks: list[str] | None = None) -> None:
    """R4: a bare PyTorch loop, sorted by length, bf16; from reading the rows to the accuracies."""
    model, tokenizer = _classifier(checkpoint)
    started = time.perf_counter()
    accuracies, items = {}, 0
    for task in tasks or evaluation_tasks():
        corpus, language = task.removeprefix("xtreme_").rsplit("_", 1)
        rows = scored_rows(corpus, language, "test", data_folder()).rows.dataset
        rows = rows.select(range(min(limit, len(rows))))
        encoded = tokenizer(rows["text_a"][:], rows["text_b"][:], truncation=True, max_length=LENGTH)
        order = sorted(range(len(rows)), key=lambda row: len(encoded["input_ids"][row]))
        labels, right = torch.tensor(rows["label"][:]), 0
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = tokenizer.pad(
                {name: [encoded[name][row] for row in chosen] for name in encoded}, return_tensors="pt"
            )
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(**batch).logits
            right += int((logits.argmax(-1) == labels[chosen]).sum())
        accuracies[task] = right / len(rows)
        items += len(rows)
    result(items_per_second=items / (time.perf_counter() - started), accuracies=accuracies)


def _classifier(checkpoint: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging

    logging.set_verbosity_error()
    folder = Path(checkpoint) / "classifier"
    return (
        AutoModelForSequenceClassification.from_pretrained(folder).float().eval(),
        AutoTokenizer.from_pretrained(folder),
    )


SIDES: dict[str, Callable[..., None]] = {
    "make-checkpoint": make_checkpoint,
    "evaluate-harness": harness_side,
    "evaluate-one-pass-per-label": one_pass_per_label,
    "evaluate-sorted-loop": sorted_loop,
}

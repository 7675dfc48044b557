"""Ways of fine-tuning the same classifier on the same rows: the harness, its rivals, and a bare loop."""

import math
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.material import (
    BATCH,
    LEARNING_RATE,
    LENGTH,
    encoder,
    result,
    stage_job,
    task_examples,
    training_examples,
)
from harness.models.references import ModelRef
from harness.training.batches import BatchPlan
from harness.training.memory import keep_memory
from harness.training.stage import train_stage


def harness_side(
    rows: int,
    precision: str = "bf16",
    deepspeed: str = "zero2",
    frozen: bool = True,
    steps: int | None = None,
    seed: int = 1,
) -> None:
    """A stage as `xstilts run` trains it, resume points included."""
    with tempfile.TemporaryDirectory() as folder:
        job = stage_job(Path(folder), rows, precision, deepspeed, frozen=frozen, steps=steps)
        job = job.model_copy(update={"seed": seed})
        done = train_stage(job, lambda _: None)
    result(
        samples_per_second=done.samples_per_second,
        tokens=done.tokens,
        losses=[point.loss for point in done.loss_curve],
        peak_mb=_peak_mb(),
    )


def trainer_example(rows: int) -> None:
    """R1: transformers.Trainer as its text-classification example does it: padded to 128, fp32."""
    model, tokenizer = _classifier(frozen=False)
    pairs, labels = training_examples(rows)
    encoded = tokenizer(
        [a for a, _ in pairs], [b for _, b in pairs],
        padding="max_length", max_length=LENGTH, truncation=True,
    )  # fmt: skip
    _train_with_trainer(model, encoded, labels, data_collator=None)


def trainer_best(rows: int, frozen: bool) -> None:
    """R2: transformers.Trainer at its best: dynamic padding, lengths grouped, bf16, fused AdamW."""
    from transformers import DataCollatorWithPadding

    model, tokenizer = _classifier(frozen)
    pairs, labels = training_examples(rows)
    encoded = tokenizer([a for a, _ in pairs], [b for _, b in pairs], max_length=LENGTH, truncation=True)
    _train_with_trainer(
        model, encoded, labels, data_collator=DataCollatorWithPadding(tokenizer),
        bf16=True, train_sampling_strategy="group_by_length", optim="adamw_torch_fused",
    )  # fmt: skip


def bare_loop(rows: int, frozen: bool = True) -> None:
    """A plain PyTorch loop over the batches that the harness makes, bf16 by autocast."""
    keep_memory()
    model, tokenizer = _classifier(frozen)
    batches = list(_batches(tokenizer, rows))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / len(batches))
    model.train()
    started = time.perf_counter()
    losses = []
    for inputs, labels in batches:
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**inputs, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    result(samples_per_second=rows / (time.perf_counter() - started), peak_mb=_peak_mb(), losses=losses)


def many_stages(stages: int, deepspeed: str) -> None:
    """Many small stages of a tiny model in one process, as a worker trains them."""
    from tests.training.models import make_bert

    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        make_bert(model)
        job = stage_job(Path(folder), 64, deepspeed=deepspeed, task="mini_nli")
        short = job.hyperparameters.overridden({"max_length": 64})  # the tiny model's positions
        resident = []
        for number in range(stages):
            changes = {
                "model": ModelRef.at(model),
                "hyperparameters": short,
                "members": tuple(one.model_copy(update={"hyperparameters": short}) for one in job.members),
                "workdir": Path(folder) / str(number),
                "seed": number,
            }
            train_stage(job.model_copy(update=changes), lambda _: None)
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.append(pages * resource.getpagesize() / 2**20)
    result(resident_mb=resident)


def warm_stage(rows: int = 32) -> None:
    """What a third stage in one process takes besides its steps: loading, engine, checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(3):
            started = time.perf_counter()
            job = stage_job(Path(folder) / str(number), rows).model_copy(update={"seed": number})
            done = train_stage(job, lambda _: None)
            seconds = time.perf_counter() - started - done.seconds
    result(seconds=seconds)


def trainer_stage(encoder_folder: str, task: str, rows: int, output: str) -> None:
    """One stage of a shell loop (R5): Trainer at its best on one task, from one folder to another."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding

    pairs, labels, names = task_examples(task, rows)
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder_folder, num_labels=len(names), ignore_mismatched_sizes=True
    )
    model.get_input_embeddings().weight.requires_grad_(False)
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder)
    second = [b for _, b in pairs] if pairs[0][1] is not None else None
    encoded = tokenizer([a for a, _ in pairs], second, max_length=LENGTH, truncation=True)
    _train_with_trainer(
        model, encoded, labels, data_collator=DataCollatorWithPadding(tokenizer),
        bf16=True, train_sampling_strategy="group_by_length",
    )  # fmt: skip
    model.config.label2id = {name: number for number, name in enumerate(names)}
    model.save_pretrained(Path(output) / "classifier")
    tokenizer.save_pretrained(Path(output) / "classifier")


def matrix_peak(seconds: float = 3.0) -> None:
    """The fastest bf16 matrix product of the shapes in a step: tokens × 384 × 1536 and × 384."""
    best = 0.0
    for tokens in (512, 1024, 2048):
        a, b = torch.randn(tokens, 384).bfloat16(), torch.randn(1536, 384).bfloat16()
        until = time.perf_counter() + seconds / 3
        while time.perf_counter() < until:
            began = time.perf_counter()
            for _ in range(20):
                torch.nn.functional.linear(a, b)
            best = max(best, 20 * 2 * tokens * 384 * 1536 / (time.perf_counter() - began))
    result(flops=best)


def _classifier(frozen: bool) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging

    logging.set_verbosity_error()
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_pretrained(encoder(), num_labels=3).float()
    model.get_input_embeddings().weight.requires_grad_(not frozen)
    return model, AutoTokenizer.from_pretrained(encoder())


def _batches(tokenizer: Any, rows: int) -> Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]:
    pairs, labels = training_examples(rows)
    encoded = tokenizer([a for a, _ in pairs], [b for _, b in pairs], max_length=LENGTH, truncation=True)
    lengths = np.array([len(ids) for ids in encoded["input_ids"]])
    for batch in BatchPlan(lengths, BATCH, -(-len(lengths) // BATCH), 1).from_step(0):
        inputs = tokenizer.pad(
            {name: [values[row] for row in batch] for name, values in encoded.items()},
            return_tensors="pt", pad_to_multiple_of=2,
        )  # fmt: skip
        yield dict(inputs), torch.tensor([labels[row] for row in batch])


def _train_with_trainer(
    model: Any, encoded: Any, labels: list[int], data_collator: Callable[..., Any] | None, **settings: Any
) -> None:
    from datasets import Dataset
    from transformers import Trainer, TrainingArguments

    dataset = Dataset.from_dict({**encoded, "labels": labels})
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, use_cpu=True, num_train_epochs=1, per_device_train_batch_size=BATCH,
            learning_rate=LEARNING_RATE, save_strategy="no", report_to=[], disable_tqdm=True, seed=1,
            logging_strategy="steps", logging_steps=max(1, math.ceil(len(labels) / BATCH / 100)), **settings,
        )  # fmt: skip
        trainer = Trainer(model, arguments, train_dataset=dataset, data_collator=data_collator)
        done = trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    result(
        samples_per_second=done.metrics["train_samples_per_second"],
        seconds=done.metrics["train_runtime"],
        losses=losses,
        peak_mb=_peak_mb(),
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SIDES: dict[str, Callable[..., None]] = {
    "train-harness": harness_side,
    "train-trainer-example": trainer_example,
    "train-trainer-best": trainer_best,
    "train-bare-loop": bare_loop,
    "many-stages": many_stages,
    "warm-stage": warm_stage,
    "trainer-stage": trainer_stage,
    "matrix-peak": matrix_peak,
}

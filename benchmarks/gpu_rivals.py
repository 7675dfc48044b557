"""A bare PyTorch loop and transformers.Trainer at its best on a GPU: samples per second on the same rows."""

import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_sections import TINY
from harness.training.batches import BatchPlan


def bare_loop(folder: Path, batch: int) -> float:
    """Batches of like length as the harness makes them, bf16 by autocast, fused AdamW."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer, rows = _material(folder)
    model.to(device).train()
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=5e-5, fused=True)
    steps = _steps(batch)
    lengths = torch.tensor([len(ids) for ids in rows["input_ids"]]).numpy()
    batches = []
    for chosen in BatchPlan(lengths, batch, steps + 4, 1).from_step(0):
        columns = {name: [rows[name][row] for row in chosen] for name in ("input_ids", "attention_mask")}
        inputs = tokenizer.pad(columns, return_tensors="pt", pad_to_multiple_of=8)
        labels = torch.tensor([rows["labels"][row] for row in chosen])
        batches.append({**inputs, "labels": labels})
    began, samples = 0.0, 0
    for number, inputs in enumerate(batches):
        if number == len(batches) - steps:
            _wait(device)
            began = time.perf_counter()
        moved = {
            name: tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
            for name, tensor in inputs.items()
        }
        with torch.autocast(device.type, torch.bfloat16):
            loss = model(**moved).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad()
        samples += len(inputs["labels"]) if began else 0
    _wait(device)
    return samples / (time.perf_counter() - began)


def trainer(folder: Path, batch: int) -> float:
    """Dynamic padding, lengths grouped, bf16, fused AdamW."""
    from datasets import Dataset
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

    model, tokenizer, rows = _material(folder)
    with tempfile.TemporaryDirectory() as output:
        arguments = TrainingArguments(
            output_dir=output, max_steps=_steps(batch), per_device_train_batch_size=batch, learning_rate=5e-5,
            bf16=True, train_sampling_strategy="group_by_length", optim="adamw_torch_fused", report_to=[],
            save_strategy="no", logging_strategy="no", disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
        )  # fmt: skip
        data = Dataset.from_dict(rows)
        kept = Trainer(model, arguments, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer))
        done = kept.train()
    return float(done.metrics["train_samples_per_second"])


def _material(folder: Path) -> tuple[Any, Any, dict[str, Any]]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, logging

    logging.set_verbosity_error()
    model = AutoModelForSequenceClassification.from_pretrained(folder / "base", num_labels=3)
    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    lines = (folder / "data" / "tiny" / "train.tsv").read_text().splitlines()
    first, second, labels = zip(*(line.split("\t") for line in lines), strict=True)
    names = sorted(set(labels))
    encoded = tokenizer(list(first), list(second), truncation=True, max_length=128)
    return model, tokenizer, {**encoded, "labels": [names.index(label) for label in labels]}


def _steps(batch: int) -> int:
    return 8 if TINY else 2400 // batch + 20


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()

"""Whether `torch.compile` makes a training step of a small encoder faster on a CPU.

Needs a C++ compiler. A shape is compiled for itself: its seconds count once for every length of a batch.
"""

import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.material import BATCH, result
from benchmarks.report import Report, side

_LAYERS, _LENGTH, _STEPS = 4, 44, 12


def run(report: Report, repeats: int) -> None:
    if shutil.which("g++") is None:
        print("left out: torch.compile needs a C++ compiler")
        return
    rounds = [side("compiled-step") for _ in range(repeats)]
    report.add("torch.compile: compiling one shape", [one["compiling"] for one in rounds], "s")
    eager = [one["eager"] for one in rounds]
    report.add(f"torch.compile: a step of {_LAYERS} layers, not compiled", eager, "s")
    for name in ("compiled", "compiled with the harness's attention"):
        # Seconds against seconds the other way round: how many times as fast.
        report.ratio(f"torch.compile: speed of {name}", eager, [one[name] for one in rounds], "1")


def compiled_step() -> None:
    """Seconds of a step in bf16: as the harness trains, and compiled with either attention."""
    eager = _encoder(own=True)
    plain, own = (torch.compile(_encoder(own=own), dynamic=False) for own in (False, True))
    started = time.perf_counter()
    _step(plain)
    compiling = time.perf_counter() - started
    _step(own)
    seconds: dict[str, list[float]] = {}
    for _ in range(_STEPS):
        for name, model in (
            ("eager", eager), ("compiled", plain), ("compiled with the harness's attention", own),
        ):  # fmt: skip
            started = time.perf_counter()
            _step(model)
            seconds.setdefault(name, []).append(time.perf_counter() - started)
    result(compiling=compiling, **{name: statistics.median(found) for name, found in seconds.items()})


def _encoder(own: bool) -> Any:
    from transformers import BertConfig, BertForSequenceClassification

    from harness.training.cpu_attention import enable_cpu_attention
    from harness.training.cpu_dropout import enable_cpu_dropout

    torch.set_num_threads(1)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=2000, hidden_size=384, num_hidden_layers=_LAYERS, num_attention_heads=12,
        intermediate_size=1536, num_labels=3,
    )  # fmt: skip
    model = BertForSequenceClassification(config).bfloat16().train()
    model.get_input_embeddings().weight.requires_grad_(False)
    if own:
        enable_cpu_attention(model)
        enable_cpu_dropout(model)
    return model


def _step(model: Any) -> None:
    ids = torch.randint(5, 2000, (BATCH, _LENGTH))
    labels = torch.randint(0, 3, (BATCH,))
    model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss.backward()
    model.zero_grad()


SIDES: dict[str, Callable[..., None]] = {"compiled-step": compiled_step}

"""The sections of benchmarks.gpu: `python -m benchmarks.gpu_sections NAME` prints its figures as JSON lines.

A random model of XLM-R base's shape (12 layers of 768) on invented rows as long as XNLI's stands for the real
one: kernels, launches and memory ask for shapes alone.
"""

import contextlib
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TINY = bool(os.environ.get("TINY"))
ROOT = Path(__file__).resolve().parents[1]
BASE, LARGE = (12, 768, 12), (24, 1024, 16)
"""Layers, width and heads."""
_SMALL = (2, 32, 2)


def device() -> None:
    import torch

    has = torch.cuda.is_available()
    figure(
        name=torch.cuda.get_device_name() if has else "cpu",
        torch=torch.__version__,
        cuda=torch.version.cuda,
        cudnn=torch.backends.cudnn.version(),
        nccl=".".join(map(str, torch.cuda.nccl.version())) if has else None,
        memory_gb=round(torch.cuda.get_device_properties(0).total_memory / 1e9, 1) if has else None,
    )


def attention() -> None:
    """Distinct gradients of 20 equal backward passes: 1 where kernels are deterministic."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    from harness.training.determinism import enable_determinism

    on, kind = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    for warn_only in (True, False):
        enable_determinism()
        torch.use_deterministic_algorithms(True, warn_only=warn_only)
        for rows, heads, length in ((32, 12, 128), (16, 12, 128), (4, 16, 128), (16, 12, 384)):
            torch.manual_seed(0)
            shape = (rows, heads, length, 64)
            inputs = [torch.randn(shape, device=on, dtype=kind, requires_grad=True) for _ in range(3)]
            mask = (torch.arange(length, device=on) < length - 9)[None, None, None].expand(
                rows, 1, length, -1
            )
            seen, kernels = set(), set[str]()
            for turn in range(3 if TINY else 20):
                for one in inputs:
                    one.grad = None
                profiled = torch.profiler.profile() if turn == 1 else contextlib.nullcontext()
                with profiled as profile:
                    scaled_dot_product_attention(*inputs, attn_mask=mask).sum().backward()
                if profile is not None:
                    keys = (event.key for event in profile.key_averages())
                    kernels |= {key for key in keys if "_attention_backward" in key}
                bits = b"".join(one.grad.float().cpu().numpy().tobytes() for one in inputs)
                seen.add(hashlib.sha256(bits).hexdigest())
            name = f"{'warns' if warn_only else 'strict'}: {rows} × {heads} heads × {length}"
            figure(**{name: {"distinct": len(seen), "kernels": sorted(kernels)}})


def speed() -> None:
    """Samples per second at equal batches: the harness, a bare loop, Trainer at its best; by ZeRO level."""
    from benchmarks.gpu_rivals import bare_loop, trainer

    with material() as folder:
        # Before the first stage: the harness makes its process strict, which costs speed.
        rivals = {
            batch: {"bare loop": bare_loop(folder, batch), "Trainer": trainer(folder, batch)}
            for batch in (32, 256)
        }
        for batch, others in rivals.items():
            ours = _stage(folder, f"speed-{batch}", batch_size=batch, steps=_steps(80)).samples_per_second
            ratios = {f"harness / {name}": round(ours / speed, 3) for name, speed in others.items()}
            figure(**{f"batch {batch}": {"harness": round(ours), **_rounded(others), **ratios}})
        levels = {}
        for level in ("zero0", "zero1", "zero3"):
            levels[level] = _stage(folder, f"level-{level}", level, steps=_steps(40)).samples_per_second
        figure(**{"batch 32, samples/s": _rounded(levels)})
        few, many = (_counted(folder, steps) for steps in (10, 20))
        figure(**{"a step, batch 32": {name: (many[name] - few[name]) / 10 for name in many}})


def large() -> None:
    """Share of the bf16 peak at XLM-R large's shape, 128 tokens × 32 rows."""
    import torch

    from harness.cost.accelerators import ACCELERATORS

    with material(LARGE, words=300, rows=2_000) as folder:
        done = _stage(
            folder, "large", batch_size=32, max_length=128, steps=_steps(30), freeze_embeddings=True
        )
        layers, width, _ = _SMALL if TINY else LARGE
        tokens = done.tokens / done.samples
        products = 6 * layers * 12 * width**2 * tokens + 12 * layers * width * tokens**2
        words = re.split(r"[\s-]", torch.cuda.get_device_name()) if torch.cuda.is_available() else []
        peak = next((one.peak for key, one in ACCELERATORS.items() if key in words), {})
        flops = products * done.samples_per_second
        share = [round(flops / value, 3) for precision, value in peak.items() if precision.value == "bf16"]
        figure(tokens_a_row=tokens, tflops=round(flops / 1e12, 2), share_of_peak=share[0] if share else None)


def memory() -> None:
    """The peak of four stages against the plan's, and what is left after each."""
    import torch

    from harness.cost.architecture import Architecture
    from harness.cost.memory import peak_memory

    with material() as folder:
        layers, width, heads = _SMALL if TINY else BASE
        shape = Architecture("xlm-roberta", layers, width, 4 * width, 70, heads, positions=514)
        for number, level in enumerate(("zero2", "zero2", "zero1", "zero3")):
            job = _job(folder, f"memory-{number}", level, steps=_steps(12), batch_size=64)
            done = _train(job)
            trained = _trained_parameters(job.workdir)
            plan = peak_memory(shape, trained, 0, 0, job.hyperparameters, 1, int(level[-1]), False)
            left = torch.cuda.memory_allocated() if torch.cuda.is_available() else 0
            figure(**{f"stage {number}, {level}": {
                "peak_gb": round(done.peak_memory_bytes / 1e9, 3), "plan_gb": round(plan.total / 1e9, 3),
                "left_mb": round(left / 1e6, 1),
            }})  # fmt: skip


def offload() -> None:
    """Samples per second where the optimizer's states lie on the host."""
    with material() as folder:
        for level in ("zero2", "zero2_offload", "zero3_offload"):
            done = _stage(folder, f"offload-{level}", level, steps=_steps(8))
            peak = round(done.peak_memory_bytes / 1e9, 3)
            figure(**{level: {"samples/s": round(done.samples_per_second, 1), "peak_gb": peak}})


def share() -> None:
    """A sweep of small stages by one worker and by four on the one device, by the command line."""
    with material() as folder:
        seconds = {}
        for workers in (1, 4):
            own = folder / f"sweep-{workers}"
            seconds[workers] = _sweep(folder, own, workers)
            figure(**{f"{workers} workers": {"seconds": round(seconds[workers], 1)}})
        figure(ratio=round(seconds[1] / seconds[4], 2))


def _sweep(folder: Path, own: Path, workers: int) -> float:
    from tests.execution.experiment import make_experiment

    settings = f"train_rows: 96\n  steps: {_steps(60)}"
    file = make_experiment(own, rows=96, orders="[[rte], [pawsx]]", seeds="[1, 2]", settings=settings)
    text = file.read_text().replace(str(own / "model"), str(folder / "base")).replace("  epochs: 1\n", "")
    file.write_text(text.replace("precision: fp32", "precision: bf16"))
    command = [
        sys.executable, "-m", "harness.cli.main", "run", str(file), "--data-dir", str(own / "data"),
        "--store", str(own / "store"), "--leaderboards", str(own / "boards"), "--workers", str(workers),
    ]  # fmt: skip
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    return time.perf_counter() - began


@contextlib.contextmanager
def material(shape: tuple[int, int, int] = BASE, words: int | None = None, rows: int = 20_000) -> Any:
    """A folder with `base` (a random model), and rows as long as XNLI's or of so many words each."""
    import torch
    from transformers import AutoTokenizer, XLMRobertaConfig, XLMRobertaModel

    from tests.training import models

    layers, width, heads = _SMALL if TINY else shape
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XSTILTS_CACHE"] = str(folder / "cache")
        models.make_xlm_roberta(folder / "tiny", positions=512)
        tokenizer = AutoTokenizer.from_pretrained(folder / "tiny")
        config = XLMRobertaConfig(
            vocab_size=len(tokenizer), hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
            intermediate_size=4 * width, max_position_embeddings=514, type_vocab_size=1, pad_token_id=1,
        )  # fmt: skip
        torch.manual_seed(0)
        XLMRobertaModel(config).save_pretrained(folder / "base")
        tokenizer.save_pretrained(folder / "base")
        drawing, lines = random.Random(1), []
        for _ in range(300 if TINY else rows):
            counts = (words or min(60, max(4, int(drawing.lognormvariate(2.9, 0.5)))), drawing.randint(4, 30))
            texts = [" ".join(drawing.choices(models.WORDS, k=count)) for count in counts]
            lines.append("\t".join([*texts, drawing.choice(models.LABELS)]))
        (folder / "data" / "tiny").mkdir(parents=True)
        (folder / "data" / "tiny" / "train.tsv").write_text("\n".join(lines) + "\n")
        yield folder


def _job(folder: Path, name: str, level: str = "zero2", **settings: Any) -> Any:
    from tests.training.conftest import Laboratory

    defaults = {
        "learning_rate": 5e-5,
        "batch_size": 32,
        "max_length": 128,
        "precision": "bf16",
        "dropout": 0.1,
    }
    return Laboratory(folder).job(name, level, "base", **(defaults | settings))


def _stage(folder: Path, name: str, level: str = "zero2", **settings: Any) -> Any:
    """A stage as `xstilts run` trains it, after a short one for what a process does once."""
    _train(_job(folder, f"{name}-before", level, **(settings | {"steps": 4})))
    return _train(_job(folder, name, level, **settings))


def _train(job: Any) -> Any:
    from harness.training.stage import train_stage

    return train_stage(job, lambda _: None)


def _counted(folder: Path, steps: int) -> dict[str, float]:
    """Kernels started, waits and reads of the host, and milliseconds of kernels in a whole stage."""
    import torch
    from torch.autograd import DeviceType

    with torch.profiler.profile() as profile:
        _train(_job(folder, f"counted-{steps}", steps=steps))
    averages = profile.key_averages()
    kernels = [one for one in averages if one.device_type is DeviceType.CUDA and not one.is_user_annotation]
    return {
        "launches": sum(
            one.count for one in averages if re.match(r"cu(da)?(LaunchKernel|Mem.*Async)", one.key)
        ),
        "waits": sum(one.count for one in averages if re.match(r"cu(da)?\w*Synchronize", one.key)),
        "host reads": sum(one.count for one in averages if one.key == "aten::_local_scalar_dense"),
        "operations": sum(one.count for one in averages if one.key.startswith("aten::")),
        "gpu_ms": sum(one.self_device_time_total for one in kernels) / 1e3,
    }


def _trained_parameters(workdir: Path) -> int:
    from safetensors import safe_open

    total = 0
    for file in (workdir / "classifier").glob("*.safetensors"):
        with safe_open(file, framework="pt") as shard:
            total += sum(shard.get_tensor(name).numel() for name in shard.keys())  # noqa: SIM118 (no dict)
    return total


def _steps(count: int) -> int:
    return min(count, 12) if TINY else count


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in values.items()}


def figure(**figures: Any) -> None:
    """Hand figures to the process that asked, as they come."""
    print(json.dumps(figures, ensure_ascii=False), flush=True)


SECTIONS: dict[str, tuple[float, Callable[[], None]]] = {
    "device": (30, device),
    "attention": (30, attention),
    "speed": (110, speed),
    "large": (60, large),
    "memory": (60, memory),
    "offload": (60, offload),
    "share": (120, share),
}
"""Name -> seconds allowed, and the work."""

if __name__ == "__main__":
    SECTIONS[sys.argv[1]][1]()

"""Fine-tuning speed against transformers.Trainer (R1, R2) and against a bare PyTorch loop.

Bars: 4 times R1, 1.3 times R2, 0.9 times the bare loop. The same rows, model, batch size, epochs and
threads, and the same parameters trained: all of them, as the Trainer's example does it, and once more with
frozen word embeddings on all sides. R1 pads to 128 in fp32, the others run in bf16 on batches of like length.
"""

import itertools

from benchmarks.report import Report, side

ROWS = 384
# Multiply-adds of a token in the 12 layers of e5-small: 12 · (4 · 384² + 2 · 384 · 1536); attention left out.
_MULTIPLY_ADDS = 12 * (4 * 384**2 + 2 * 384 * 1536)
_SIDES = list(itertools.product(("harness", "trainer-best", "bare-loop"), (False, True)))


def run(report: Report, repeats: int) -> None:
    measured: dict[tuple[str, bool], list[float]] = {key: [] for key in _SIDES}
    example, tokens = [], 0
    for _ in range(repeats):
        example.append(side("train-trainer-example", rows=ROWS)["samples_per_second"])
        for (name, frozen), found in measured.items():
            done = side(f"train-{name}", rows=ROWS, frozen=frozen)
            found.append(done["samples_per_second"])
            tokens = done.get("tokens", tokens)
    report.add("training, trainer-example", example, "samples/s")
    for (name, frozen), found in measured.items():
        report.add(f"training, {name}{', embeddings frozen' if frozen else ''}", found, "samples/s")
    ours, frozen_ours = measured["harness", False], measured["harness", True]
    report.ratio("training: harness to R1, Trainer's example", ours, example, "4")
    report.ratio("training: harness to R2, Trainer at its best", ours, measured["trainer-best", False], "1.3")
    report.ratio(
        "training: harness to R2, both frozen", frozen_ours, measured["trainer-best", True], "reported"
    )
    report.ratio("training: harness to a bare loop", ours, measured["bare-loop", False], "0.9")
    report.ratio(
        "training: harness to a bare loop, both frozen", frozen_ours, measured["bare-loop", True], "0.9"
    )
    peak = [side("matrix-peak")["flops"] for _ in range(repeats)]
    report.add("bf16 matrix products at these shapes", [flops / 1e9 for flops in peak], "GFLOP/s")
    # Forward, and two products of the same size backward.
    flops = [speed * tokens / ROWS * 3 * 2 * _MULTIPLY_ADDS for speed in frozen_ours]
    report.ratio("training: share of that peak", flops, peak, "reported")

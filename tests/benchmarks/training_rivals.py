"""Fine-tuning speed against transformers.Trainer (R1, R2) and against a bare PyTorch loop.

Bars: 4 times R1, 1.3 times R2, 0.9 times the bare loop. The same rows, model, batch size, epochs and
threads; R1 pads to 128 in fp32 and trains the embeddings, as the example does, the others run in bf16 on
batches of like length with frozen embeddings.
"""

from tests.benchmarks.report import Report, side

ROWS = 640
# Multiply-adds of a token in the 12 layers of e5-small: 12 · (4 · 384² + 2 · 384 · 1536); attention left out.
_MULTIPLY_ADDS = 12 * (4 * 384**2 + 2 * 384 * 1536)


def run(report: Report, repeats: int) -> None:
    sides = {name: [] for name in ("harness", "bare-loop", "trainer-best", "trainer-example")}
    tokens = 0
    for _ in range(repeats):
        for name, measured in sides.items():
            found = side(f"train-{name}", rows=ROWS)
            measured.append(found["samples_per_second"])
            tokens = found.get("tokens", tokens)
    for name, measured in sides.items():
        report.add(f"training, {name}", measured, "samples/s")
    ours = sides["harness"]
    report.ratio("training: harness to R1, Trainer's example", ours, sides["trainer-example"], "4")
    report.ratio("training: harness to R2, Trainer at its best", ours, sides["trainer-best"], "1.3")
    report.ratio("training: harness to a bare loop", ours, sides["bare-loop"], "0.9")
    peak = [side("matrix-peak")["flops"] for _ in range(repeats)]
    report.add("bf16 matrix products at these shapes", [flops / 1e9 for flops in peak], "GFLOP/s")
    # Forward, and two products of the same size backward.
    flops = [speed * tokens / ROWS * 3 * 2 * _MULTIPLY_ADDS for speed in ours]
    report.ratio("training: share of that peak", flops, peak, "reported")

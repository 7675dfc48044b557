"""The loss over 300 steps in bf16 beside fp32: the difference must be within what another seed makes.

The same rows in the same order, means of 30 steps; the noise is that of fp32 with another seed (head, dropout
and order of the rows). About twenty minutes on two cores.
"""

from statistics import fmean

from benchmarks.report import Report, side

STEPS, ROWS, PARTS = 300, 2400, 10


def run(report: Report, repeats: int) -> None:
    curves = {}
    for name, precision, seed in (
        ("fp32", "fp32", 1),
        ("bf16", "bf16", 1),
        ("fp32, another seed", "fp32", 2),
    ):
        losses = side("train-harness", rows=ROWS, precision=precision, steps=STEPS, seed=seed)["losses"]
        width = len(losses) // PARTS
        curves[name] = [fmean(losses[part * width : (part + 1) * width]) for part in range(PARTS)]
        print(f"{name:20} {' '.join(f'{loss:.3f}' for loss in curves[name])}", flush=True)
    exact = curves["fp32"]
    gap, noise = (
        fmean(abs(one - other) for one, other in zip(curves[name], exact, strict=True))
        for name in ("bf16", "fp32, another seed")
    )
    report.note(f"loss over {STEPS} steps: fp32, another seed, to fp32", noise, "nats", "reported")
    report.note(f"loss over {STEPS} steps: bf16 to fp32", gap, "nats", "at most that")

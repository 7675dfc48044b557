"""Scoring speed against lm-eval's own way for a classifier (R3) and a bare loop (R4).

Bars: 5 times R3, 0.9 times R4, and the same accuracies. Every side is timed from its call to its result,
rows and tokens included.
"""

import tempfile

from tests.benchmarks.report import Report, side

ITEMS_A_LANGUAGE = 1000


def run(report: Report, repeats: int) -> None:
    sides = {name: [] for name in ("harness", "sorted-loop", "one-pass-per-label")}
    accuracies = {}
    with tempfile.TemporaryDirectory() as folder:
        side("make-checkpoint", folder=folder)
        for _ in range(repeats):
            for name, measured in sides.items():
                found = side(f"evaluate-{name}", checkpoint=folder, limit=ITEMS_A_LANGUAGE)
                measured.append(found["items_per_second"])
                accuracies[name] = found["accuracies"]
    for name, measured in sides.items():
        report.add(f"evaluation, {name}", measured, "items/s")
    report.ratio("evaluation: harness to R3", sides["harness"], sides["one-pass-per-label"], "5")
    report.ratio("evaluation: harness to R4", sides["harness"], sides["sorted-loop"], "0.9")
    for rival in ("sorted-loop", "one-pass-per-label"):
        gap = max(abs(accuracies["harness"][task] - value) for task, value in accuracies[rival].items())
        report.note(f"evaluation: largest difference in accuracy to {rival}", gap, "", "0; bf16 rounds")

"""Scoring speed against lm-eval's own way for a classifier (R3) and a bare loop (R4).

Bars: 5 times R3, 0.9 times R4, and the same accuracies. Every side is timed from its call to its result,
rows and tokens included. R3 is so slow that it scores fewer items.
"""

import tempfile

from benchmarks.report import Report, side

ITEMS_A_LANGUAGE, ITEMS_OF_R3 = 600, 60


def run(report: Report, repeats: int) -> None:
    sides = {name: [] for name in ("harness", "sorted-loop", "one-pass-per-label")}
    accuracies = {}
    with tempfile.TemporaryDirectory() as folder:
        side("make-checkpoint", folder=folder)
        for _ in range(repeats):
            for name, measured in sides.items():
                limit = ITEMS_OF_R3 if name == "one-pass-per-label" else ITEMS_A_LANGUAGE
                found = side(f"evaluate-{name}", checkpoint=folder, limit=limit)
                measured.append(found["items_per_second"])
                accuracies[name] = found["accuracies"]
        # R3's precision, so that not even roundings differ.
        exact = side("evaluate-harness", checkpoint=folder, limit=ITEMS_OF_R3, precision="fp32")["accuracies"]
    for name, measured in sides.items():
        report.add(f"evaluation, {name}", measured, "items/s")
    report.ratio("evaluation: harness to R3", sides["harness"], sides["one-pass-per-label"], "5")
    report.ratio("evaluation: harness to R4", sides["harness"], sides["sorted-loop"], "0.9")
    for rival, ours, precision in (
        ("one-pass-per-label", exact, "fp32"),
        ("sorted-loop", accuracies["harness"], "bf16, which rounds"),
    ):
        gap = max(abs(ours[task] - value) for task, value in accuracies[rival].items())
        report.note(f"evaluation: largest difference in accuracy to {rival}", gap, "", f"0 in {precision}")

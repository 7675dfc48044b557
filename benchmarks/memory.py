"""The memory of a worker over 50 small stages, by ZeRO level; and of one stage against the bare loop.

Bars: no growth from the 10th stage to the 50th; one stage takes at most 1.3 times the bare loop's.
"""

from benchmarks.report import Report, side

STAGES = 50


def run(report: Report, repeats: int) -> None:
    for level in ("zero2", "zero3"):
        resident = side("many-stages", stages=STAGES, deepspeed=level)["resident_mb"]
        report.note(f"{STAGES} stages, {level}: resident after the 10th", resident[9], "MB", "reported")
        report.note("  growth from the 10th to the last", resident[-1] / resident[9], "times", "1.0")
    ours = [side("train-harness", rows=64)["peak_mb"] for _ in range(repeats)]
    bare = [side("train-bare-loop", rows=64)["peak_mb"] for _ in range(repeats)]
    report.ratio("peak memory of a stage: harness to a bare loop", ours, bare, "at most 1.3")

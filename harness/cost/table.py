"""The cost of a plan as text."""

from collections.abc import Sequence

from harness.cost.estimate import Machine
from harness.cost.total import EvaluationCost, PlanCost
from harness.planning.text_table import aligned

_HOUR = 3600
_HEADER = (
    *("task", "stages", "rows there", "examples seen", "tokens/row"),
    *("tokens", "FLOPs", "hours", "memory", "disk"),
)


def cost_table(cost: PlanCost, sources: Sequence[str]) -> str:
    """Return one line for each task (one stage of it), the evaluations, the total, and what it rests on."""
    rows = [
        (
            task.task,
            f"{task.stages:,}",
            f"{task.size.rows:,}",
            f"{task.each.samples:,}",
            f"{task.size.tokens_per_row:.1f}",
            _scaled(task.each.tokens),
            _scaled(task.each.flops),
            _hours(task.each.seconds),
            _bytes(task.each.memory.total),
            _bytes(task.each.disk),
        )
        for task in cost.tasks
    ]
    stages = sum(task.stages for task in cost.tasks)
    total = (
        "all together",
        f"{stages:,}",
        "",
        f"{sum(task.stages * task.each.samples for task in cost.tasks):,}",
        "",
        _scaled(cost.tokens),
        _scaled(cost.flops),
        _hours(cost.seconds),
        _bytes(cost.memory),
        _bytes(cost.disk),
    )
    lines = [
        f"Cost of ONE stage of each task (the last line: of all stages) on {described(cost.machine)}:",
        aligned([_HEADER, *rows, *map(_evaluation, cost.evaluations), total]),
        "",
        f"Disk with target_weights: discard, which drops what no other stage starts from: "
        f"{_bytes(cost.disk_without_targets)}; with keep {_bytes(cost.disk)}",
        *sources,
        *_warnings(cost),
    ]
    return "\n".join(lines)


def _evaluation(one: EvaluationCost) -> tuple[str, ...]:
    seconds = None if one.seconds is None else one.seconds / one.evaluations
    counts = f"scoring {one.target}", f"{one.evaluations:,}", f"{one.items:,}"
    return *counts, "", "", "", _scaled(one.flops / one.evaluations), _hours(seconds), "", ""


def described(machine: Machine) -> str:
    """Return the machine in words."""
    offloads = " with offload" if machine.offloads else ""
    return (
        f"{machine.devices} × {machine.accelerator.title} at {machine.utilization:.0%} of its peak, "
        f"ZeRO {machine.zero_stage}{offloads}"
    )


def _warnings(cost: PlanCost) -> list[str]:
    warnings = []
    if cost.seconds is None:
        warnings.append(
            f"! {cost.machine.accelerator.title} does not do the precision of this file: no hours; "
            "set training.precision to fp16 or fp32"
        )
    if cost.memory > cost.machine.accelerator.memory:
        warnings.append(
            f"! {_bytes(cost.memory)} do not fit its {_bytes(cost.machine.accelerator.memory)}: take more "
            "devices with zero3, or zero2_offload, zero3_offload, or a larger training.accumulation"
        )
    return warnings


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    hours = seconds / _HOUR
    if hours < 0.01:
        return "<0.01" if hours else "0"
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def _scaled(number: float) -> str:
    return f"{number:.2e}"


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:.3g} {unit}" if number < 1000 * size else f"{number / size:,.0f} {unit}"
    return f"{number / 1e6:.2g} MB"

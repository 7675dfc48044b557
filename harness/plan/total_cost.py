"""What a whole plan costs: its stages by task, counted and not built."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.plan.architecture import Architecture
from harness.plan.cost import Machine, Size, StageCost, forward_seconds, scoring_flops, stage_cost
from harness.plan.orders import plan_size, stage_counts
from harness.spec.sequence_file import SequenceFile


@dataclass(frozen=True)
class TaskCost:
    """All stages of one task.

    Attributes:
        stages: How many, over all seeds, shared ones once.
        size: What one of them is trained on.
        each: What one of them takes.
    """

    task: str
    stages: int
    size: Size
    each: StageCost


@dataclass(frozen=True)
class EvaluationCost:
    """The scoring of all checkpoints of one target.

    Attributes:
        items: Items of one evaluation.
        seconds: Of all evaluations; None where the accelerator lacks the precision.
    """

    target: str
    evaluations: int
    items: int
    flops: float
    seconds: float | None


@dataclass(frozen=True)
class PlanCost:
    """A plan's cost, and its sums."""

    machine: Machine
    tasks: tuple[TaskCost, ...]
    evaluations: tuple[EvaluationCost, ...]

    @property
    def tokens(self) -> float:
        """Tokens trained on."""
        return sum(task.stages * task.each.tokens for task in self.tasks)

    @property
    def flops(self) -> float:
        """Operations of training and evaluation."""
        return sum(t.stages * t.each.flops for t in self.tasks) + sum(e.flops for e in self.evaluations)

    @property
    def seconds(self) -> float | None:
        """Time of training and evaluation on the machine."""
        parts = [t.each.seconds and t.stages * t.each.seconds for t in self.tasks]
        parts += [evaluation.seconds for evaluation in self.evaluations]
        return None if None in parts else sum(part for part in parts if part is not None)

    @property
    def memory(self) -> float:
        """Bytes of the largest stage on one device."""
        return max(task.each.memory.total for task in self.tasks)

    @property
    def disk(self) -> int:
        """Bytes in the store: what each stage has of its own, and frozen tensors once."""
        own = sum(task.stages * task.each.disk for task in self.tasks)
        return own + max(task.each.frozen for task in self.tasks)


def plan_cost(
    spec: SequenceFile,
    model: Architecture,
    sizes: Mapping[str, Size],
    items: Mapping[str, int],
    machine: Machine,
) -> PlanCost:
    """Estimate a plan.

    Args:
        spec: The sequence file.
        model: The model's shape.
        sizes: Training task -> its size.
        items: Target -> items that score one of its checkpoints; a target without is not counted.
        machine: What it runs on.
    """
    counts = stage_counts(spec)
    tasks = tuple(
        TaskCost(
            name, count, sizes[name], stage_cost(model, sizes[name], spec.hyperparameters(name), machine)
        )
        for name, count in counts.items()
        if count
    )
    evaluations = []
    for target in spec.targets:
        if target in items:
            times = plan_size(spec).sequences // len(spec.targets)
            size = sizes[target]
            flops = times * scoring_flops(model, items[target], size.tokens_per_row, size.labels)
            precision = spec.evaluation.precision or spec.hyperparameters(target).precision
            seconds = forward_seconds(flops, precision, machine)
            evaluations.append(EvaluationCost(target, times, items[target], flops, seconds))
    return PlanCost(machine, tasks, tuple(evaluations))

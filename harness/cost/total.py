"""What a whole plan costs: its stages by task, counted and not built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from harness.config.hyperparameters import Hyperparameters
from harness.config.sequence_file import SequenceFile
from harness.cost.architecture import Architecture
from harness.cost.estimate import Machine, Size, StageCost, forward_seconds, scoring_flops, stage_cost
from harness.planning.content import few_shot_settings, few_shots
from harness.planning.orders import plan_size, stage_counts


@dataclass(frozen=True)
class TaskCost:
    """All stages of one task.

    Attributes:
        stages: How many, over all seeds, shared ones once.
        size: What one of them is trained on.
        each: What one of them takes.
        is_target: Whether nothing but evaluations needs their weights.
    """

    task: str
    stages: int
    size: Size
    each: StageCost
    is_target: bool = False


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
        return max((task.each.memory.total for task in self.tasks), default=0)

    @property
    def disk(self) -> int:
        """Bytes in the store: what each stage has of its own, and frozen tensors once."""
        own = sum(task.stages * task.each.disk for task in self.tasks)
        return own + max((task.each.frozen for task in self.tasks), default=0)

    @property
    def disk_without_targets(self) -> int:
        """The same without the weights of targets, which `target_weights: discard` drops."""
        return self.disk - sum(task.stages * task.each.disk for task in self.tasks if task.is_target)


def plan_cost(
    spec: SequenceFile,
    model: Architecture,
    sizes: Mapping[str, Size],
    items: Mapping[str, int],
    machine: Machine,
    untrained: Collection[str] = (),
) -> PlanCost:
    """Estimate a plan.

    Args:
        spec: The sequence file.
        model: The model's shape.
        sizes: Training task or mixture -> its size.
        items: Target -> items that score one of its checkpoints; a target without is not counted.
        machine: What it runs on.
        untrained: Targets that have no stage of their own.
    """
    counts = {name: count for name, count in stage_counts(spec).items() if count and name not in untrained}
    tasks = [
        TaskCost(
            name,
            count,
            sizes[name],
            stage_cost(model, sizes[name], _settings(spec, name), machine),
            name in spec.targets and name not in spec.intermediates,
        )
        for name, count in counts.items()
    ]
    for target in spec.targets:
        for shots in few_shots(spec):
            # Known by the target's tokens: rows of other languages are not looked at.
            size = replace(sizes[target], rows=shots.k)
            cost = stage_cost(model, size, few_shot_settings(spec, target, shots), machine)
            tasks.append(TaskCost(f"{target} → {shots}", counts[target], size, cost, is_target=True))
    evaluations = []
    for target in spec.targets:
        if target in items:
            # Each few-shot stage is scored on the target's items too.
            times = plan_size(spec).sequences // len(spec.targets)
            size = sizes[target]
            flops = times * scoring_flops(model, items[target], size.tokens_per_row, size.labels)
            precision = spec.evaluation.precision or spec.hyperparameters(target).precision
            seconds = forward_seconds(flops, precision, machine)
            evaluations.append(EvaluationCost(target, times, items[target], flops, seconds))
    return PlanCost(machine, tuple(tasks), tuple(evaluations))


def _settings(spec: SequenceFile, name: str) -> Hyperparameters:
    settings = spec.hyperparameters(name)
    if name not in spec.mixtures:
        return settings
    # train_rows is of each task, whose rows the mixture's size counts already.
    longest = max(spec.member_hyperparameters(name, task).max_length for task in spec.members(name))
    return settings.overridden({"train_rows": None, "max_length": longest})

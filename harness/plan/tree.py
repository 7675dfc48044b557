"""The plan: every sequence of a file, and the tree of stages that they share."""

from collections.abc import Sequence as Seq
from dataclasses import dataclass

from harness.plan.orders import Order, iterate_orders
from harness.plan.stage import Stage
from harness.spec.load import LoadedSequence


@dataclass(frozen=True, slots=True)
class Sequence:
    """Stages in order, ending with the target, for one seed."""

    order: Order
    target: str
    seed: int

    @property
    def target_stage(self) -> Stage:
        """The last stage, whose checkpoint is evaluated."""
        return Stage((*self.order, self.target), self.seed, "target")

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages from the first to the target."""
        path = (*self.order, self.target)
        intermediate = (Stage(path[:length], self.seed, "intermediate") for length in range(1, len(path)))
        return (*intermediate, self.target_stage)


@dataclass(frozen=True)
class Plan:
    """A sequence file expanded.

    Attributes:
        sequences: Every order with every target and seed; seed by seed, so that a sweep that is
            stopped early has whole seeds.
        stages: Every stage once, each after its parent, depth first within a seed, so that a stage
            mostly follows its parent at once.
    """

    loaded: LoadedSequence
    orders: tuple[Order, ...]
    sequences: tuple[Sequence, ...]
    stages: tuple[Stage, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The training tasks of all stages, those of mixtures among them, each once."""
        names = dict.fromkeys(stage.task for stage in self.stages)
        return tuple(dict.fromkeys(task for name in names for task in self.loaded.spec.members(name)))

    @classmethod
    def of(cls, loaded: LoadedSequence, seeds: Seq[int] | None = None) -> "Plan":
        """Expand a loaded sequence file, for its own seeds or for others."""
        spec = loaded.spec
        orders = tuple(iterate_orders(spec))
        sequences = tuple(
            Sequence(order, target, seed)
            for seed in (spec.seeds if seeds is None else seeds)
            for order in orders
            for target in spec.targets
        )
        return cls(loaded, orders, sequences, _depth_first(sequences, spec.intermediates, spec.targets))


def _depth_first(sequences: Seq[Sequence], intermediates: Seq[str], targets: Seq[str]) -> tuple[Stage, ...]:
    """Return each stage once in depth-first order: targets of a node first, then its children."""
    rank = {task: position for position, task in enumerate((*targets, *intermediates))}
    seeds = list(dict.fromkeys(sequence.seed for sequence in sequences))
    seed_rank = {seed: position for position, seed in enumerate(seeds)}
    stages = {stage for sequence in sequences for stage in sequence.stages()}
    return tuple(sorted(stages, key=lambda s: (seed_rank[s.seed], [rank[task] for task in s.path], s.role)))

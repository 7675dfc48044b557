"""The plan: every sequence of a file, and the tree of stages that they share."""

from collections.abc import Sequence as Seq
from dataclasses import dataclass

from harness.config.load import LoadedSequence
from harness.config.sequence_file import SequenceFile
from harness.errors import UserError
from harness.kinds.registry import TrainingTask
from harness.planning.content import few_shots, row_names, stage_content
from harness.planning.orders import Order, iterate_orders, plan_size
from harness.planning.stage import Shots, Stage

_MOST_STAGES = 1_000_000  # some GB of memory, and years of training


class TooManyStagesError(UserError):
    """A sequence file asks for more stages than can be planned one by one, let alone trained."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Stages in order, ending with the target or a few-shot stage after it, for one seed.

    Attributes:
        shares: Whether it shares the stages with which others begin alike.
        trains: Whether its target has rows to train on.
    """

    order: Order
    target: str
    seed: int
    shots: Shots | None = None
    shares: bool = True
    trains: bool = True

    @property
    def target_stage(self) -> Stage:
        """The last stage, whose checkpoint is evaluated."""
        path = (*self.order, self.target)
        own = () if self.shares else path
        if self.shots is None:
            return Stage(path, self.seed, "target" if self.trains else "encoder", sequence=own)
        return Stage((*path, str(self.shots)), self.seed, "few_shot", self.shots, own)

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages from the first to the last."""
        stages = [self.target_stage]
        while (parent := stages[0].parent) is not None:
            stages.insert(0, parent)
        return tuple(stages)


@dataclass(frozen=True)
class Plan:
    """A sequence file expanded.

    Attributes:
        sequences: Every order with every target and seed, and each once more with every few-shot stage; seed
            by seed, so that a sweep that is stopped early has whole seeds.
        stages: Every stage once, each after its parent, depth first within a seed, so that a stage
            mostly follows its parent at once.
    """

    loaded: LoadedSequence
    orders: tuple[Order, ...]
    sequences: tuple[Sequence, ...]
    stages: tuple[Stage, ...]

    @property
    def tasks(self) -> dict[str, TrainingTask]:
        """The training tasks of all stages by the names of their rows, those of mixtures among them."""
        found: dict[str, TrainingTask] = {}
        # Many stages train the same.
        for stage in {(stage.task, stage.shots): stage for stage in self.stages}.values():
            found |= {member.name: member.task for member in stage_content(self.loaded, stage).members}
        return found

    def trained(self, sequence: Sequence) -> set[str]:
        """Return the names of the rows that a sequence trains on."""
        return {name for stage in sequence.stages() for name in row_names(self.loaded.spec, stage)}

    @classmethod
    def of(cls, loaded: LoadedSequence, seeds: Seq[int] | None = None) -> "Plan":
        """Expand a loaded sequence file, for its own seeds or for others.

        Raises:
            TooManyStagesError: there are more than a million stages.
        """
        spec = loaded.spec
        seeded = spec if seeds is None else spec.model_copy(update={"seeds": tuple(seeds)})
        size = plan_size(seeded, len(loaded.untrained))
        if size.stages > _MOST_STAGES:
            raise TooManyStagesError(
                f"{loaded.path}: orders: that makes {size.stages:,} stages, more than {_MOST_STAGES:,}; take "
                "fewer intermediates, or orders: {sample: 100, seed: 1} or the like"
            )
        orders = tuple(iterate_orders(spec))
        sequences = tuple(
            Sequence(order, target, seed, shots, spec.share == "prefixes", target not in loaded.untrained)
            for seed in (spec.seeds if seeds is None else seeds)
            for order in orders
            for target in spec.targets
            for shots in (None, *few_shots(spec))
        )
        return cls(loaded, orders, sequences, _depth_first(sequences, spec))


def _depth_first(sequences: Seq[Sequence], spec: SequenceFile) -> tuple[Stage, ...]:
    """Return each stage once in depth-first order: targets of a node first, then its children."""
    names = (*map(str, few_shots(spec)), *spec.targets, *spec.intermediates)
    rank = {task: position for position, task in enumerate(names)}
    seeds = list(dict.fromkeys(sequence.seed for sequence in sequences))
    seed_rank = {seed: position for position, seed in enumerate(seeds)}
    stages = {stage for sequence in sequences for stage in sequence.stages()}

    def place(stage: Stage) -> tuple[int, list[int], list[int], str]:
        own, path = ([rank[task] for task in names] for names in (stage.sequence, stage.path))
        return seed_rank[stage.seed], own, path, stage.role

    return tuple(sorted(stages, key=place))

"""Estimates of cost beside what finished stages really took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from harness.config.load import LoadedSequence
from harness.cost.architecture import Architecture
from harness.cost.estimate import Machine, Size, stage_cost
from harness.planning.text_table import aligned
from harness.training.manifest import StageManifest


@dataclass(frozen=True)
class Compared:
    """An estimate and a measurement of the same thing."""

    estimated: float
    measured: float

    @property
    def error(self) -> float:
        """Deviation of the estimate as a share of the measurement."""
        return self.estimated / self.measured - 1


@dataclass(frozen=True)
class StageCheck:
    """One finished stage.

    Attributes:
        tokens: Tokens trained on.
        memory: Peak of one process, bytes.
        disk: Weight files, bytes, each content once.
        flops_per_second: Estimated operations for the measured tokens, over the measured seconds.
    """

    task: str
    tokens: Compared
    memory: Compared
    disk: Compared
    flops_per_second: float


def check_stages(
    loaded: LoadedSequence,
    model: Architecture,
    sizes: dict[str, Size],
    machine: Machine,
    measured: Iterable[StageManifest],
) -> list[StageCheck]:
    """Compare the finished stages of a sequence file's model and tasks with estimates.

    Args:
        loaded: The sequence file.
        model: The model's shape.
        sizes: Training task -> its size, known without the store.
        machine: Devices and ZeRO level are replaced by those of each stage.
        measured: Manifests of finished stages; those of other models or tasks, and of mixtures, are passed
            over.
    """
    return [
        _check(stage, model, sizes[stage.task], machine)
        for stage in measured
        if stage.model == loaded.spec.model and stage.task in sizes and len(stage.result.members) == 1
    ]


def check_table(checks: Sequence[StageCheck]) -> str:
    """Return the errors of the estimates by task."""
    if not checks:
        return "The store holds no stage of this model and these tasks to compare the estimate with."
    rows = []
    for task in dict.fromkeys(check.task for check in checks):
        those = [check for check in checks if check.task == task]
        rows.append(
            (
                task,
                str(len(those)),
                *(f"{fmean(errors):+.1%}" for errors in _errors(those)),
                f"{fmean(check.flops_per_second for check in those) / 1e12:.3f}",
            )
        )
    header = ("task", "stages", "tokens", "memory", "disk", "TFLOP/s reached")
    return "\n".join(["Error of the estimate on stages in the store (mean):", aligned([header, *rows])])


def _errors(checks: Sequence[StageCheck]) -> tuple[list[float], list[float], list[float]]:
    return (
        [check.tokens.error for check in checks],
        [check.memory.error for check in checks],
        [check.disk.error for check in checks],
    )


def _check(stage: StageManifest, model: Architecture, size: Size, machine: Machine) -> StageCheck:
    result, settings = stage.result, stage.hyperparameters
    (member,) = result.members
    same = replace(machine, devices=result.world_size, zero_stage=result.zero_stage)
    # `rows` are those that were there, so that errors are the formulas' and not the data's.
    estimate = stage_cost(model, replace(size, rows=member.rows), settings, same)
    seen = replace(size, rows=member.rows, tokens_per_row=result.tokens / result.samples)
    weights = {
        record.sha256: record.bytes for name, record in stage.files.items() if name.endswith(".safetensors")
    }
    return StageCheck(
        stage.task,
        Compared(estimate.tokens, result.tokens),
        Compared(estimate.memory.total, result.peak_memory_bytes),
        Compared(estimate.disk + estimate.frozen, sum(weights.values())),
        stage_cost(model, seen, settings, same).flops / max(result.seconds, 1e-9),
    )

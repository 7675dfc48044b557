"""What a stage is asked to do, how far it is, and what it did."""

from pathlib import Path
from typing import Any

from pydantic import Field

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.config.mixture import Sampling
from harness.frozen_model import FrozenModel
from harness.kinds.registry import TrainingTask


class _Job(FrozenModel):
    digest: str = Field(description="Identity of the stage; a resume point of another digest is not used.")
    encoder: Path = Field(
        description="Folder of the encoder to start from: a model's or a stage's `encoder/`."
    )
    hyperparameters: Hyperparameters
    seed: int = Field(ge=0, le=2**31 - 1, description="Seed of the head, the dropout and the rows' order.")
    deepspeed: dict[str, Any] = Field(
        description="DeepSpeed's configuration; this package fills its `auto`s."
    )
    data_dir: Path | None = None
    trust_remote_code: bool = False
    workdir: Path = Field(description="Folder that the stage fills; it may hold a resume point.")


class EarlierHead(FrozenModel):
    """A head to go on with: the folder of its stage, and its task where that stage was a mixture."""

    folder: Path
    task: str | None = None


class StageJob(_Job):
    """One stage to train on one task."""

    task: TrainingTask
    data_revision: str | None = Field(None, description="Hub revision that replaces the task file's.")
    data_fingerprint: str | None = Field(
        None, description="The rows must have this fingerprint, where given."
    )
    dropped_rows: tuple[int, ...] = Field(
        (), description="Positions of rows that are left out; the fingerprint is that of the others."
    )
    head: EarlierHead | None = Field(None, description="None: the head is new.")

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


class MixtureMember(FrozenModel):
    """One task of a mixture."""

    name: str
    task: TrainingTask
    hyperparameters: Hyperparameters = Field(description="The stage's, but for max_length and train_rows.")
    data_revision: str | None = None
    data_fingerprint: str | None = None
    dropped_rows: tuple[int, ...] = ()
    head: EarlierHead | None = None


class MixtureJob(_Job):
    """One stage to train on several tasks."""

    name: str
    members: tuple[MixtureMember, ...] = Field(min_length=2)
    sampling: Sampling


class StageProgress(FrozenModel):
    """How far a stage is."""

    step: int = Field(description="Optimizer steps done, those before a resume included.")
    steps: int
    samples: int
    seconds: float = Field(description="Time spent in training steps, that before a resume included.")
    loss: float = Field(description="Mean loss per example of the latest step.")
    samples_per_second: float


class LossPoint(FrozenModel):
    """Mean training loss per example over the steps since the point before."""

    step: int
    loss: float


class HeldOutScore(FrozenModel):
    """How well the finished stage does its own task on rows that it was not trained on."""

    metrics: dict[str, float] = Field(
        description="Name of the metric (harness.metrics) -> score; the first stands for the task."
    )
    rows: int
    source: str
    fingerprint: str


class MemberResult(FrozenModel):
    """What a stage did with one task of its mixture."""

    task: str
    rate: float = Field(description="Chance of the task to be drawn for a step, 0 to 1.")
    steps: int
    samples: int
    tokens: int
    data_source: str
    data_revision: str | None
    data_fingerprint: str
    data_rows: int
    held_out: HeldOutScore | None


class StageResult(FrozenModel):
    """What a stage did."""

    steps: int
    samples: int = Field(description="Examples seen, repetitions included.")
    tokens: int = Field(description="Tokens seen, padding left out.")
    seconds: float = Field(description="Time spent in training steps, that before a resume included.")
    samples_per_second: float
    loss_curve: tuple[LossPoint, ...] = Field(description="At most about 100 points.")
    final_loss: float
    resumed_from_step: int = Field(description="0 where the stage was trained without a break.")
    world_size: int
    zero_stage: int
    precision: Precision
    device: str = Field(description="cpu or cuda.")
    hardware: str
    peak_memory_bytes: int = Field(description="Highest use of one process: CUDA memory, else resident set.")
    data_source: str = Field(
        description="Of a mixture, those of its tasks, likewise revision and fingerprint."
    )
    data_revision: str | None
    data_fingerprint: str
    data_rows: int = Field(description="Rows trained on, after train_rows.")
    held_out: HeldOutScore | None = Field(None, description="None where the task names no rows at hand.")
    members: tuple[MemberResult, ...] = Field((), description="Of a mixture, in its order.")

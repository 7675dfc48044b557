"""What a stage is asked to do, how far it is, and what it did."""

from pathlib import Path
from typing import Any

from pydantic import Field

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.config.mixture import Sampling
from harness.data.location import DataFolders
from harness.data.record import DataRecord
from harness.frozen_model import FrozenModel
from harness.kinds.registry import TrainingTask
from harness.models.references import ModelRef
from harness.training.monitors import Monitoring


class Member(FrozenModel):
    """One training task of a stage."""

    name: str = Field(description="Name of its rows, distinct within the stage.")
    task: TrainingTask
    hyperparameters: Hyperparameters = Field(description="The stage's, but for max_length and train_rows.")
    data_revision: str | None = Field(None, description="Hub revision that replaces the task file's.")
    data_fingerprint: str | None = Field(
        None, description="The rows must have this fingerprint, where given."
    )
    held_out_fingerprint: str | None = Field(
        None, description="Where the stage is stopped early, its held-out rows must have this fingerprint."
    )
    dropped_rows: tuple[int, ...] = Field(
        (), description="Positions of rows that are left out; the fingerprint is that of the others."
    )
    head: Path | None = Field(
        None, description="Folder of an earlier stage's model, whose head is reused. None: the head is new."
    )


class StageJob(FrozenModel):
    """One stage to train on one or more training tasks."""

    digest: str = Field(description="Identity of the stage; a resume point of another digest is not used.")
    name: str = Field(description="Name of its training task or mixture, for messages.")
    model: ModelRef = Field(description="The model to start from: a pretrained one or a stage's `encoder/`.")
    members: tuple[Member, ...] = Field(min_length=1)
    sampling: Sampling = Field(Sampling(), description="How often each member is drawn.")
    hyperparameters: Hyperparameters
    seed: int = Field(ge=0, le=2**31 - 1, description="Seed of heads, draws, dropout and the rows' order.")
    deepspeed: dict[str, Any] = Field(
        description="DeepSpeed's configuration; this package fills its `auto`s."
    )
    monitoring: Monitoring | None = Field(None, description="Who watches it; none that is enabled: nobody.")
    data_dir: DataFolders = None
    workdir: Path = Field(description="Folder that the stage fills; it may hold a resume point.")


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


class HeldOutPoint(FrozenModel):
    """The metric that decides about early stopping, on held-out rows after a step."""

    step: int
    value: float


class EarlyStop(FrozenModel):
    """How a stage with early stopping went."""

    metric: str
    best_step: int = Field(description="The step whose weights are kept.")
    stopped_at: int = Field(description="The last step that was trained.")
    planned_steps: int = Field(description="The last step where nothing stops the stage.")
    points: tuple[HeldOutPoint, ...] = Field(description="One for each evaluation.")


class MemberResult(FrozenModel):
    """What a stage did with one of its members."""

    name: str
    labels: tuple[str, ...] = Field(description="In the order of the head's outputs; none for some kinds.")
    folder: str = Field(description="Folder, below the stage's, of the encoder with the member's head.")
    probability: float = Field(description="Of the member to be drawn for a step, 0 to 1.")
    steps: int
    samples: int
    tokens: int
    data: DataRecord
    rows: int = Field(description="Rows trained on, after train_rows.")
    held_out: HeldOutScore | None = Field(description="None where the task names no rows that are there.")


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
    skipped_steps: int = Field(0, description="Steps without an update, since a gradient exceeded fp16.")
    deterministic: bool = Field(True, description="Whether the same device would give the same bits again.")
    members: tuple[MemberResult, ...] = Field(min_length=1)
    early_stop: EarlyStop | None = Field(None, description="None without early stopping.")

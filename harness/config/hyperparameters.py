"""How one stage is trained: every setting that can change its weights."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from harness.frozen_model import FrozenModel


class Precision(StrEnum):
    """The number format of the forward and backward pass; master weights are always fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Schedule(StrEnum):
    """How the learning rate goes on after the warm-up."""

    LINEAR = "linear"
    CONSTANT = "constant"
    COSINE = "cosine"


class Optimizer(StrEnum):
    """What turns gradients into steps."""

    ADAMW = "adamw"
    ADAFACTOR = "adafactor"


LATER_SETTINGS = (
    "optimizer",
    "layer_decay",
    "warmup_steps",
    "label_smoothing",
    "adapter",
    "early_stopping",
)
"""Settings that enter a stage's digest only where they are set: there were stages before them."""


def _is_none(value: object) -> bool:
    return value is None


def _not_keep(head: object) -> object:
    if head == "keep":
        raise ValueError("`head: keep` is called `head: reuse` now; write `head: reuse`")
    return head


class LoraAdapter(FrozenModel):
    """Low-rank matrices that are trained in place of the encoder's (Hu et al. 2021)."""

    kind: Literal["lora"] = Field("lora", description="The sort of adapter.")
    rank: int = Field(8, ge=1, le=1024, description="Rank of what is added to a weight matrix.")
    alpha: int = Field(16, ge=1, le=10_000, description="It is multiplied by alpha / rank.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout of the adapter's input.")
    targets: tuple[str, ...] | None = Field(
        None, min_length=1, description="Names of linear layers, as query; default: all of the encoder."
    )
    merge: bool = Field(
        True,
        description="Add the product to the weights when the stage ends, so that the next stage has a new "
        "adapter; false: the store keeps the adapter alone, and the next stage goes on with it.",
    )


class EarlyStopping(FrozenModel):
    """When a stage ends before its last step, by English held-out rows of its task.

    As transformers' EarlyStoppingCallback with load_best_model_at_end: the weights that did best are kept.
    """

    patience: int = Field(3, ge=1, le=1000, description="Evaluations without a better value that end it.")
    every: int = Field(100, ge=1, le=10**9, description="Optimizer steps between two evaluations.")
    metric: str | None = Field(
        None, description="Metric of the task's kind, as accuracy or f1; default: its first."
    )
    threshold: float = Field(
        0.0, ge=0, lt=100, description="A value counts as better where it is so by more than this."
    )


class _Settings(BaseModel):
    """The settings one by one, before it is known whether they fit together."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    epochs: float = Field(1.0, gt=0, le=1000, description="Passes over the rows; ignored where steps is set.")
    steps: int | None = Field(None, ge=1, le=10**9, description="Optimizer steps; replaces epochs.")
    learning_rate: float = Field(2e-5, gt=0, lt=1, description="Peak learning rate.")
    optimizer: Optimizer = Field(
        Optimizer.ADAMW,
        strict=False,
        description="adamw, or adafactor as T5 and mT5 are fine-tuned: steps relative to the size of the "
        "weights (needs deepspeed: zero0).",
    )
    layer_decay: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Learning rate of each layer relative to the layer above it, that of the word embeddings "
        "the lowest; default: the same for all.",
    )
    batch_size: int = Field(32, ge=1, le=65536, description="Examples per optimizer step, over all devices.")
    accumulation: int = Field(
        1, ge=1, le=65536, description="Forward passes per optimizer step on each device."
    )
    activation_checkpointing: bool = Field(
        False,
        description="Keep of each layer its input alone and compute the rest again in the backward pass: "
        "less memory, a third more time, the same weights.",
    )
    max_length: int = Field(128, ge=8, le=8192, description="Longest input in tokens; longer ones are cut.")
    warmup_ratio: float = Field(0.1, ge=0, lt=1, description="Share of the steps with rising learning rate.")
    warmup_steps: int | None = Field(
        None, ge=0, le=10**9, description="Steps with rising learning rate; replaces warmup_ratio."
    )
    schedule: Schedule = Field(
        Schedule.LINEAR,
        strict=False,
        description="Learning rate after the warm-up: linear or cosine to 0, or constant (as for T5).",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of the target spread over all labels (classification, tagging)."
    )
    weight_decay: float = Field(0.01, ge=0, lt=1, description="Weight decay; none on biases and norms.")
    max_grad_norm: float = Field(1.0, gt=0, le=1e6, description="Gradients are clipped to this norm.")
    precision: Precision = Field(Precision.BF16, strict=False, description="fp32, bf16, or fp16 (CUDA only).")
    adapter: LoraAdapter | None = Field(
        None, strict=False, description="Train an adapter and the head; other weights stay as they are."
    )
    early_stopping: EarlyStopping | None = Field(
        None,
        strict=False,
        exclude_if=_is_none,  # what was published before there was any stays as it is
        description="End a stage when its task's held-out rows, which must be English, no longer gain by it.",
    )
    freeze_embeddings: bool = Field(False, description="Leave the word embeddings as they are.")
    dropout: float | None = Field(None, ge=0, lt=1, description="Dropout everywhere; default: the model's.")
    train_rows: int | None = Field(
        None, ge=1, le=10**9, description="Use only this many rows, drawn by the seed."
    )
    head: Annotated[Literal["new", "reuse"], BeforeValidator(_not_keep)] = Field(
        "new",
        description="reuse: start from the head of the last stage before whose task has the same kind and "
        "labels, where there is one.",
    )


class Hyperparameters(_Settings):
    """The settings of one stage.

    `batch_size` counts the examples of one optimizer step over all processes and accumulation
    steps, so that it means the same on one device and on eight. Defaults follow XTREME's
    `train_xnli.sh` (lr 2e-5, batch 32, length 128) and BERT's fine-tuning recipe (linear warm-up over
    10% of the steps, weight decay 0.01, clipping at 1.0; Devlin et al. 2019, appendix A.3).
    """

    @model_validator(mode="after")
    def _accumulation_divides_batch(self) -> Self:
        if self.batch_size % self.accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of accumulation {self.accumulation}"
            )
        return self

    def overridden(self, overrides: Mapping[str, Any]) -> "Hyperparameters":
        """Return these settings with some replaced; epochs replace steps and the other way round.

        Raises:
            pydantic.ValidationError: a value is out of range or the combination is impossible.
        """
        merged = self.model_dump() | dict(overrides)
        if "epochs" in overrides and "steps" not in overrides:
            merged["steps"] = None
        return Hyperparameters.model_validate(merged)


class _AsSettings:
    """Gives overrides the JSON Schema of the settings, which a plain mapping does not have."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(_Settings.__pydantic_core_schema__)


def _known_and_valid(overrides: dict[str, Any]) -> dict[str, Any]:
    return _Settings.model_validate(overrides).model_dump(exclude_unset=True)


# A mapping of only the settings that a task wants otherwise: whether they fit the others can be told only
# together with the settings that they override.
Overrides = Annotated[dict[str, Any], AfterValidator(_known_and_valid), _AsSettings()]

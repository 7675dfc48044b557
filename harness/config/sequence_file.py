"""A sequence file: model, intermediate tasks, orders, targets, seeds, training, evaluation."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from harness.config.contrasts import Contrasts
from harness.config.few_shot import FewShot
from harness.config.hyperparameters import Hyperparameters, Overrides, Precision
from harness.config.mixture import Mixture
from harness.config.orders import Orders
from harness.frozen_model import FrozenModel
from harness.kinds.sources import Name, Text

SequenceName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"),
    Field(
        json_schema_extra={
            "patternErrorMessage": "a name of lower-case letters, digits and - (at most 64 characters)"
        }
    ),
]

Split = Literal["test", "validation"]

MOST_INTERMEDIATES = 100

MEMBER_SETTINGS = ("max_length", "train_rows")
"""The settings that a task of a mixture can have of its own."""


class TrainingSettings(Hyperparameters):
    """The hyperparameters of every stage, and what single tasks want otherwise."""

    per_task: dict[Name, Overrides] = Field({}, description="Task -> the settings that differ for it.")

    def for_task(self, task: str) -> Hyperparameters:
        """Return the settings with which `task` is trained."""
        base = Hyperparameters.model_validate(self.model_dump(exclude={"per_task"}))
        return base.overridden(self.per_task.get(task, {}))


class EvaluationSettings(FrozenModel):
    """What the checkpoints are scored on."""

    tasks: tuple[Name, ...] = Field(
        min_length=1, description="lm-eval groups or tasks from tasks/evaluation."
    )
    split: Split = Field("test", description="Which rows are scored.")
    splits: dict[Name, Split] = Field(
        {}, description="Target -> the split that it is scored on, where that is not `split`."
    )
    batch_size: int = Field(
        64, ge=1, le=65536, description="Documents per forward pass; does not enter any digest."
    )
    precision: Precision | None = Field(None, description="Default: the precision of training.")
    limit: int | None = Field(None, ge=1, le=10**9, description="Only this many items per task, for trials.")

    def split_of(self, target: str) -> Split:
        """Return the split that a target is scored on."""
        return self.splits.get(target, self.split)


class SequenceFile(FrozenModel):
    """One experiment in orders, as a researcher writes it."""

    name: SequenceName = Field(description="Name of the leaderboard and of the registered file.")
    title: Text | None = Field(None, description="Title of the leaderboard.")
    question: Text | None = Field(None, description="The question that the leaderboard answers.")
    model: Annotated[
        str,
        StringConstraints(
            pattern=r"^(embedded:[a-z0-9-]+|[A-Za-z0-9~./][^\x00-\x1f\x7f:?*\\]{0,499})$", max_length=500
        ),
    ] = Field(
        description="Hub id, local folder (with a / in it), or embedded:e5-small.",
        json_schema_extra={
            "patternErrorMessage": "a hub id such as xlm-roberta-base, a local folder such as ./my-model, "
            "or embedded:e5-small"
        },
    )
    revision: Text = Field("main", description="Branch, tag or commit of a hub model.")
    trust_remote_code: bool = Field(False, description="Run code from the model's repository; recorded.")
    intermediates: tuple[Name, ...] = Field(
        (),
        max_length=MOST_INTERMEDIATES,
        description="Training tasks, or mixtures of this file, before the target.",
    )
    mixtures: dict[Name, Mixture] = Field(
        {}, description="Name -> training tasks that one stage trains together."
    )
    orders: Orders = Field(
        "all",
        description="all (every order of every length), a list of orders, or one of {lengths: [...]}, "
        "{sample: N, length: L, seed: S}, {balanced: latin or williams} and {listed: [[...], ...]}.",
        json_schema_extra={
            "patternErrorMessage": "the word all, a list of at least 1 order such as [[rte, qqp], [qqp]], or "
            "a mapping with one of the keys lengths, sample, balanced, listed"
        },
    )
    targets: tuple[Name, ...] = Field(min_length=1, description="Training tasks that end the sequences.")
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(
        min_length=1, description="Every sequence is trained once with each."
    )
    training: TrainingSettings = Field(
        TrainingSettings(), description="How every stage is trained; `per_task` overrides by name."
    )
    deepspeed: Text = Field("zero2", description="Name in deepspeed_configs/ or path of a DeepSpeed JSON.")
    few_shot: FewShot | None = Field(
        None, description="One more stage after each target, on a few examples of a target language."
    )
    evaluation: EvaluationSettings = Field(description="What the checkpoints of targets are scored on.")
    forgetting: bool = Field(
        False,
        description="After each stage, measure the tasks of all stages before it on their held-out rows.",
    )
    overlap: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Training rows that are also rows of an evaluation set of this file: refuse to run, or "
        "drop them before training.",
    )

    target_weights: Literal["keep", "discard"] = Field(
        "keep",
        description="Weights of targets after their evaluations: keep them, or discard them to save disk; a "
        "discarded target is trained again where it is needed. Does not enter any digest.",
    )

    share: Literal["prefixes", "none"] = Field(
        "prefixes",
        description="Sequences that begin alike share those stages, or each trains its own.",
    )
    contrasts: Contrasts = Field(
        ("order",),
        description="The primary comparisons, declared before there are results: order, baseline, "
        "{before: [A, B]}, {last: A}, {first: A}, {pair: [[A, B], [B, A]]}. All others are exploratory.",
        json_schema_extra={
            "patternErrorMessage": "a list of order, baseline, {before: [A, B]}, {last: A}, {first: A} or "
            "{pair: [[A, B], [B, A]]}"
        },
    )
    equivalence_margin: float = Field(
        1.0, gt=0, le=100, description="Differences below so many points count as equivalent."
    )

    @property
    def analysis_digest(self) -> str:
        """A sha256 of what was declared of the analysis: primary contrasts, margin, and sharing."""
        keys = {"contrasts", "equivalence_margin", "share"}
        text = json.dumps(self.model_dump(mode="json", include=keys), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def hyperparameters(self, task: str) -> Hyperparameters:
        """Return the settings of the stages of a training task or mixture of this file."""
        return self.training.for_task(task)

    def stage_settings(self) -> Iterator[Hyperparameters]:
        """Yield the settings of the stages of every task, mixture and few-shot stage."""
        for name in (*self.intermediates, *self.targets):
            yield self.hyperparameters(name)
        if self.few_shot is not None:
            for target in self.targets:
                yield self.hyperparameters(target).overridden(self.few_shot.training)

    def member_hyperparameters(self, mixture: str, task: str) -> Hyperparameters:
        """Return the settings that hold for a task within a mixture.

        They are the mixture's, but for `max_length` and `train_rows` where `per_task` sets them for the task.
        """
        own = self.training.per_task.get(task, {})
        return self.hyperparameters(mixture).overridden(
            {key: own[key] for key in MEMBER_SETTINGS if key in own}
        )

    def members(self, name: str) -> tuple[str, ...]:
        """Return the training tasks of a mixture, or of a training task itself."""
        return self.mixtures[name].tasks if name in self.mixtures else (name,)

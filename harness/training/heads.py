"""What each kind of task puts on top of the encoder, and the loss that it is trained with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from harness.errors import UserError
from harness.spec.training_task import TrainingTask
from harness.training.tokenised import IGNORED_LABEL


class UnsupportedTaskKindError(UserError):
    """There is no head for this kind of task."""


@dataclass(frozen=True)
class Head:
    """A kind of head.

    Attributes:
        auto_class: Name of the `transformers` auto class that builds encoder and head.
        settings: The configuration values that the head needs for a task.
        loss_sum: Model output and labels -> sum of the examples' losses, fp32, 0-dim.
    """

    auto_class: str
    settings: Callable[[TrainingTask], dict[str, Any]]
    loss_sum: Callable[[Any, Tensor], Tensor]


def head_for(task: TrainingTask) -> Head:
    """Return the head of a task's kind.

    Raises:
        UnsupportedTaskKindError: no head is known for it.
    """
    if task.kind not in HEADS:
        raise UnsupportedTaskKindError(
            f"training task {task.name}: kind {task.kind} cannot be trained; known kinds: {', '.join(HEADS)}"
        )
    return HEADS[task.kind]


def _label_settings(task: TrainingTask) -> dict[str, Any]:
    return {
        "num_labels": len(task.labels),
        "id2label": dict(enumerate(task.labels)),
        "label2id": {label: index for index, label in enumerate(task.labels)},
        "problem_type": "single_label_classification",
    }


def _cross_entropy_sum(output: Any, labels: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(
        output.logits.float(), labels, reduction="sum", ignore_index=IGNORED_LABEL
    )


HEADS: Mapping[str, Head] = MappingProxyType(
    {
        "classification": Head("AutoModelForSequenceClassification", _label_settings, _cross_entropy_sum),
    }
)
"""Kind of task -> head."""

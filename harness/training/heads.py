"""What each kind of task puts on top of the encoder, and the loss that it is trained with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from harness.config.training_task import TrainingTask
from harness.training.checkpoint_folders import CLASSIFIER
from harness.training.checkpoint_folders import TEXT_TO_TEXT as TEXT_TO_TEXT_FOLDER
from harness.training.token_rows import IGNORED_LABEL


@dataclass(frozen=True)
class Head:
    """A kind of head.

    Attributes:
        auto_class: Name of the `transformers` auto class that builds encoder and head.
        folder: Name of the folder in which a finished stage keeps the encoder with this head.
        settings: The configuration values that the head needs for a task.
        loss_sum: Model output, labels, and the inputs' attention mask -> sum of the predictions' losses,
            fp32, 0-dim.
    """

    auto_class: str
    folder: str
    settings: Callable[[TrainingTask], dict[str, Any]]
    loss_sum: Callable[[Any, Tensor, Tensor], Tensor]


def head_for(task: TrainingTask, *, text_to_text: bool = False) -> Head:
    """Return the head of a task's kind; text-to-text models answer all kinds by their own output layer."""
    return TEXT_TO_TEXT if text_to_text else HEADS[task.kind]


def _label_settings(task: TrainingTask) -> dict[str, Any]:
    return {
        "num_labels": len(task.labels),
        "id2label": dict(enumerate(task.labels)),
        "label2id": {label: index for index, label in enumerate(task.labels)},
    }


def _classifier_settings(task: TrainingTask) -> dict[str, Any]:
    return _label_settings(task) | {"problem_type": "single_label_classification"}


def _span_settings(task: TrainingTask) -> dict[str, Any]:
    return {"num_labels": 2}  # a score of being the first token and one of being the last


def _no_settings(task: TrainingTask) -> dict[str, Any]:
    return {}


def _cross_entropy_sum(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    return _cross_entropy(output.logits, labels)


def _span_loss_sum(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    first, last = labels.unbind(dim=-1)
    # No answer begins or ends in padding; scored along, it would let the loss depend on a batch's width.
    starts, ends = (
        scores.float().masked_fill(mask == 0, -torch.inf)
        for scores in (output.start_logits, output.end_logits)
    )
    return (_cross_entropy(starts, first) + _cross_entropy(ends, last)) / 2


def _token_loss_sum(output: Any, labels: Tensor, mask: Tensor) -> Tensor:
    # Few tokens count; those that don't need no fp32 copy of their scores over a whole vocabulary.
    counted = labels != IGNORED_LABEL
    return _cross_entropy(output.logits[counted], labels[counted])


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(
        logits.float(), labels, reduction="sum", ignore_index=IGNORED_LABEL
    )


HEADS: Mapping[str, Head] = MappingProxyType(
    {
        "classification": Head(
            "AutoModelForSequenceClassification",
            CLASSIFIER,
            _classifier_settings,
            _cross_entropy_sum,
        ),
        "multiple_choice": Head(
            "AutoModelForMultipleChoice", "choice_scorer", _no_settings, _cross_entropy_sum
        ),
        "span_extraction": Head(
            "AutoModelForQuestionAnswering", "span_extractor", _span_settings, _span_loss_sum
        ),
        "tagging": Head("AutoModelForTokenClassification", "tagger", _label_settings, _token_loss_sum),
        "masked_lm": Head("AutoModelForMaskedLM", "language_model", _no_settings, _token_loss_sum),
    }
)
"""Kind of task -> head."""

TEXT_TO_TEXT = Head("AutoModelForSeq2SeqLM", TEXT_TO_TEXT_FOLDER, _no_settings, _token_loss_sum)
"""No head at all: the words of the answer are scored one by one."""

"""The configuration of a model with a task's head, and what of it cannot be trained."""

from typing import Any

import torch

from harness.config.hyperparameters import Hyperparameters, Precision
from harness.config.model_family import is_text_to_text
from harness.errors import UserError
from harness.kinds.model import Head
from harness.kinds.registry import TrainingTask, text_form
from harness.kinds.text_to_text import model_for
from harness.models.checks import check_folder
from harness.models.families import is_decoder
from harness.models.positions import usable_positions
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.models.xmod import set_language

_DROPOUT_FIELDS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "classifier_dropout_prob",
    "pooler_dropout",
    "cls_dropout",
    "summary_last_dropout",
    "dropout",
    "dropout_rate",
    "attention_dropout",
    "seq_classif_dropout",
    "embedding_dropout",
    "mlp_dropout",
)


class UnsafePrecisionError(UserError):
    """The model's activations exceed the number format."""

    page = "faq.md"


class UnsmoothedLossError(UserError):
    """Label smoothing is asked of a kind whose loss has no labels."""


class InputTooLongError(UserError):
    """`max_length` exceeds the model's positions."""


def configured(model: ModelRef, task: TrainingTask, settings: Hyperparameters) -> tuple[Head[Any], Any]:
    """Return a task's head and the configuration of the model with it.

    Raises:
        UnsupportedModelError: the architecture is not one that is trained.
        UnsuitedKindError: a text-to-text model cannot be trained on the task's kind.
        UnsafePrecisionError: a text-to-text model cannot be trained in fp16.
        UnsmoothedLossError: the kind's loss has no labels to smooth.
        InputTooLongError: `max_length` exceeds the model's positions.
        ModelFileError: a file of the folder is missing or damaged.
    """
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    words = text_form(task).format if is_text_to_text(model.folder) else None
    head = model_for(task, text_to_text=words is not None).head
    if words is not None:
        _check_precision(settings.precision)
    if settings.label_smoothing and not head.smooths:
        raise UnsmoothedLossError(
            f"training.label_smoothing: {settings.label_smoothing:g} is for kinds whose loss is over labels, "
            f"not for task {task.name} of kind {task.kind}; set 0 for it under training.per_task"
        )
    config = _config(model, task, head)
    _check_length(config, settings.max_length)
    # Evaluation cuts inputs where training did (harness.evaluation.checkpoint), and reads them alike.
    config.xstilts = {"max_length": settings.max_length}
    if words is not None:
        config.xstilts["text_format"] = words.model_dump(mode="json")
    return head, config


def _config(model: ModelRef, task: TrainingTask, head: Head[Any]) -> Any:
    from transformers import AutoConfig

    check_folder(model.folder, model.trust_remote_code, [task.kind])
    config = AutoConfig.from_pretrained(model.name, trust_remote_code=model.trust_remote_code)
    config.dtype = torch.float32
    config.update(head.settings(task))
    set_language(config, task.language)
    if not model.trust_remote_code and hasattr(config, "auto_map"):
        # What is saved is a model of transformers' own class, which needs no such code.
        del config.auto_map
    if is_decoder(config.model_type):
        # By it transformers finds the last token of each input, on which the head stands.
        config.pad_token_id = fast_tokenizer(model).pad_token_id
    return config


def _check_precision(precision: Precision) -> None:
    if precision is Precision.FP16:
        raise UnsafePrecisionError(
            "training.precision: fp16: the activations of T5's family exceed it, so that losses become "
            "infinite; set bf16, or fp32 where the device lacks it"
        )


def _check_length(config: Any, max_length: int) -> None:
    usable = usable_positions(config.to_dict())
    if usable is not None and max_length > usable:
        raise InputTooLongError(
            f"training.max_length: {max_length} is more than the model's {usable} positions; "
            f"set at most {usable}"
        )


def dropouts(config: Any, dropout: float | None) -> dict[str, float]:
    """Return the fields of a configuration by which dropout is the same everywhere; None: as it is."""
    if dropout is None:
        return {}
    return {field: dropout for field in _DROPOUT_FIELDS if hasattr(config, field)}

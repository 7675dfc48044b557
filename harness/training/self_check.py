"""Two training steps that tell whether a model can be trained, saved and read again."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.config.hyperparameters import Hyperparameters
from harness.config.model_family import is_text_to_text
from harness.errors import UserError
from harness.kinds.classification.dataset import classification_dataset
from harness.kinds.collator import Collator, Draw
from harness.kinds.registry import training_task
from harness.kinds.text_to_text import model_for
from harness.kinds.token_rows import TokenizedRows
from harness.message_text import first_line
from harness.models.generic import auto_class
from harness.models.references import ModelRef
from harness.models.tokenizer import fast_tokenizer
from harness.training.checkpoint import ENCODER, CheckpointWriter, HeadExport
from harness.training.model import load_model

_TASK = training_task(
    {
        "name": "self_check",
        "kind": "classification",
        "title": "Four pairs of sentences",
        "citation": "none",
        "license": "Apache-2.0",
        "inputs": ["first", "second"],
        "label": "label",
        "labels": ["same", "other"],
        "sources": {"folder": {"path": "none", "format": "tsv", "columns": ["first", "second", "label"]}},
    }
)
_FIRST = ("Yes.", "A dog sleeps in the sun.", "It rains.", "The river was high when we came to the bridge.")
_SECOND = ("Yes.", "No cat is awake.", "Rain falls.", "Nobody had seen as much water for many years.")
_SETTINGS = Hyperparameters(max_length=48, dropout=0.0, learning_rate=1e-4)
_CLOSE = 1e-3
"""Largest difference of two scores that are computed in batches of other widths, relative to the largest."""


class SelfCheckError(UserError):
    """A model does not train, or is another one when it is read again."""


def self_check(model: ModelRef) -> None:
    """Train a model of this machine by two steps on the CPU, save it, read it again; nothing is kept.

    Raises:
        SelfCheckError: its losses are not finite, padding changes its scores, or it is another one when it
            is read again.
        UserError: as `harness.training.model.load_model`.
    """
    half = model_for(_TASK, text_to_text=is_text_to_text(model.folder))
    rows = classification_dataset(_FIRST, _SECOND, [0, 1, 0, 1])
    tokens = TokenizedRows.of(half.features(_TASK, rows, fast_tokenizer(model), _SETTINGS.max_length))
    collator = half.collator(_TASK, tokens)
    try:
        loaded = load_model(model, _TASK, _SETTINGS, 0)
        _train(loaded.model, half.head, collator, model)
        scores = _scores(loaded.model, collator, np.arange(4))
        _compare(
            model, scores[:1], _scores(loaded.model, collator, np.arange(1)), "padding changes its scores"
        )
    except (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
        reason = first_line(error)
        raise _error(model, f"a training step fails ({reason})") from error
    with tempfile.TemporaryDirectory() as scratch:
        export = HeadExport(loaded, loaded.own_name, half.head.folder)
        writer = CheckpointWriter(Path(scratch), [export], model)
        for name, tensor in loaded.model.named_parameters():
            if tensor.requires_grad:
                writer.add(name, tensor.detach())
        writer.finish()
        load_model(model.beside(Path(scratch) / ENCODER), _TASK, _SETTINGS, 0)
        again = auto_class(half.head.auto_class).from_pretrained(
            Path(scratch) / half.head.folder, trust_remote_code=model.trust_remote_code
        )
        _compare(
            model, scores, _scores(again, collator, np.arange(4)), "saved and read again it is another model"
        )


def _train(network: Any, head: Any, collator: Collator, model: ModelRef) -> None:
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=_SETTINGS.learning_rate)
    network.train()
    for step in range(2):
        inputs = collator.tensors(np.arange(4), torch.device("cpu"), Draw(0, step))
        labels = inputs.pop("labels")
        loss = head.loss_sum(network(**inputs), labels, inputs["attention_mask"]) / 4
        if not torch.isfinite(loss):
            raise _error(model, f"the loss of step {step + 1} is {loss.item()}")
        loss.backward()
        if all(parameter.grad is None for parameter in network.base_model.parameters()):
            raise _error(model, "no gradient reaches the encoder")
        optimizer.step()
        optimizer.zero_grad()


def _scores(network: Any, collator: Collator, rows: Any) -> torch.Tensor:
    inputs = collator.tensors(rows, torch.device("cpu"), Draw(0, 0))
    inputs.pop("labels")
    with torch.no_grad():
        scores: torch.Tensor = network.eval()(**inputs).logits
    return scores


def _compare(model: ModelRef, found: torch.Tensor, due: torch.Tensor, what: str) -> None:
    if found.dim() == 3:  # of a text-to-text model: words, as many as the longest answer has
        width = min(found.shape[1], due.shape[1])
        found, due = found[:, :width], due[:, :width]
    if not torch.allclose(found, due, rtol=_CLOSE, atol=_CLOSE * float(due.abs().max())):
        raise _error(model, f"{what} (by up to {float((found - due).abs().max()):.3g})")


def _error(model: ModelRef, what: str) -> SelfCheckError:
    return SelfCheckError(
        f"model {model.name}: it cannot be trained: {what}. Take a model of another architecture "
        "(`xstilts list models`)"
    )

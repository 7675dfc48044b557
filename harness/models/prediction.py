"""Predictions of a model on the rows of a task, of any kind, on every rank.

One loop for held-out rows after training (through DeepSpeed's engine), for measuring forgetting and for the
evaluation of targets (through a plain Hugging Face model): the kind's features and batches go in, the kind's
predictions come out, text or JSON, one for each row of the data. Their scores are

    model = model_for(task, text_to_text=...)           # harness.kinds.text_to_text
    found = predictions(model, task, dataset, ...)
    for metric in model.metrics(task):                  # the first stands for the task
        metric.item_scores(found, model.references(task, dataset))

The caller sets evaluation mode; the model's forward pass is called under `torch.no_grad`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from harness.kinds.collator import Collator, Draw, Rows
from harness.kinds.model import Forward, KindModel, Predictor, Session
from harness.kinds.task import Task
from harness.kinds.token_rows import TokenizedRows

if TYPE_CHECKING:
    from datasets import Dataset

# Kinds that draw for each step (masked language modelling) always draw the same to be measured.
_DRAW = Draw(0, 0)


@dataclass(frozen=True)
class Ranks:
    """The processes that predict together, each a share of every batch.

    Attributes:
        rank: This process's number.
        size: How many there are.
        gather: Returns every rank's value, in order, on every rank; to be called on every rank.
    """

    rank: int = 0
    size: int = 1
    gather: Callable[[Any], list[Any]] = lambda value: [value]


ALONE = Ranks()


def predictions(
    model: KindModel[Any],
    task: Task,
    dataset: "Dataset",
    *,
    forward: Forward,
    tokenizer: Any,
    max_length: int,
    batch_size: int,
    device: torch.device,
    ranks: Ranks = ALONE,
) -> list[Any]:
    """Return a prediction (text or JSON) for each row of the data; to be called on every rank.

    Args:
        model: The kind's half that was trained (`harness.kinds.text_to_text.model_for`).
        task: The task, with its labels.
        dataset: Rows as the kind makes them (`TaskKind.examples`).
        forward: A forward pass: inputs -> the model's output.
        tokenizer: The model's fast tokenizer.
        max_length: Longest input in tokens, as in training.
        batch_size: Rows of a batch over all ranks; batches hold rows of like length.
        device: Where the model is.
        ranks: The processes that predict together.

    Raises:
        UserError: tokenizer or `max_length` do not do for the kind.
    """
    tokens = TokenizedRows.of(model.features(task, dataset, tokenizer, max_length, predicting=True))
    collator = model.collator(task, tokens)
    session = Session(forward, tokenizer, lambda holds: all(ranks.gather(holds)))
    predictor = model.predictor(task, dataset, tokens, session)
    with torch.no_grad():
        batches = list(_batches(collator, batch_size))
        own = dict(kept_of_rows(collator, predictor, batches, device, ranks))
    kept: dict[int, Any] = {}
    for part in ranks.gather(own):
        kept |= part
    return model.predictions(task, dataset, collator, [kept[row] for row in range(len(collator.lengths))])


def _batches(collator: Collator, batch_size: int) -> Iterator[Rows]:
    order = np.argsort(-collator.lengths, kind="stable").astype(np.int64)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def batches_of_tokens(lengths: Rows, most_tokens: int) -> Iterator[Rows]:
    """Yield positions into `lengths`, longest first, so that rows × longest ≤ `most_tokens`, or one row.

    Texts of like length share a batch, whatever their language: padding is what costs most on short texts.
    The first batch needs the most memory, so that one that is too large fails at once.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        rows = max(most_tokens // max(int(lengths[order[start]]), 1), 1)
        yield order[start : start + rows]
        start += rows


def kept_of_rows(
    collator: Collator,
    predictor: Predictor,
    batches: Iterable[Rows],
    device: torch.device,
    ranks: Ranks = ALONE,
) -> Iterator[tuple[int, Any]]:
    """Yield this rank's rows of all batches, each with what the predictor keeps of it."""
    for batch in batches:
        # Each rank takes part in each pass: under ZeRO 3 the ranks hold parts of the weights.
        share = np.array_split(batch, ranks.size)[ranks.rank]
        inputs = collator.tensors(share, device, _DRAW)
        labels = inputs.pop("labels")
        yield from zip(share.tolist(), predictor(inputs, labels, len(share)), strict=True)

"""What a model says of each held-out row, and the metrics over all of them."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from harness.config.training_task import MaskedLMTask, SpanExtractionTask, TaggingTask, TrainingTask
from harness.data.kinds.tagging import UNKNOWN_TAG
from harness.metrics.registry import metric
from harness.training.kinds.batch_maker import BatchMaker
from harness.training.token_rows import IGNORED_LABEL

if TYPE_CHECKING:
    from datasets import Dataset

Outputs = npt.NDArray[Any]
"""Of one row: the chosen label; each word's tag; first and last scores `[2, tokens]`; loss, hits, tokens."""

# As in transformers' question-answering example: the best 20 ends, answers of at most 30 tokens.
_BEST = 20
_LONGEST_ANSWER = 30
_UNKNOWN = "<unknown>"


def outputs(task: TrainingTask, output: Any, labels: Tensor, rows: int) -> Iterator[Outputs]:
    """Yield what is kept of each of the first `rows` rows of a batch."""
    if isinstance(task, SpanExtractionTask):
        scores = torch.stack([output.start_logits, output.end_logits], dim=1).float().cpu().numpy()
        yield from scores[:rows]
    elif isinstance(task, TaggingTask):
        best = output.logits.argmax(-1)
        for row in range(rows):
            yield best[row][labels[row] != IGNORED_LABEL].cpu().numpy()
    elif isinstance(task, MaskedLMTask):
        for row in range(rows):
            counted = labels[row] != IGNORED_LABEL
            logits, wanted = output.logits[row][counted].float(), labels[row][counted]
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
            yield np.array([float(loss), int((logits.argmax(-1) == wanted).sum()), len(wanted)])
    else:
        yield from output.logits[:rows].argmax(-1).cpu().numpy()


def metrics(
    task: TrainingTask, dataset: "Dataset", maker: BatchMaker, found: list[Outputs], table: pa.Table
) -> dict[str, float]:
    """Return the metrics by name, 0 to 1 each but the loss (nats a token).

    Args:
        task: The task with its labels.
        dataset: The held-out rows.
        maker: Their sequences.
        found: What was kept of each row of `maker`.
        table: What `maker` was made from.
    """
    if isinstance(task, SpanExtractionTask):
        return _answer_metrics(task, dataset, maker, found, table)
    if isinstance(task, TaggingTask):
        return _tag_metrics(task, dataset, maker, found)
    if isinstance(task, MaskedLMTask):
        loss, hits, tokens = np.sum(found, axis=0).tolist()
        return {"loss": loss / tokens, "accuracy": hits / tokens}
    return {"accuracy": float(np.mean(np.array(found) == np.array(dataset["label"][:])))}


def _tag_metrics(
    task: TaggingTask, dataset: "Dataset", maker: BatchMaker, found: list[Outputs]
) -> dict[str, float]:
    guessed: list[list[int]] = [[] for _ in range(len(dataset))]
    for example, tags in zip(maker.examples, found, strict=True):
        guessed[example] += tags.tolist()
    gold: list[list[int]] = dataset["tags"][:]
    pairs = [
        pair for true, guess in zip(gold, guessed, strict=True) for pair in zip(true, guess, strict=True)
    ]
    scores = {"accuracy": sum(true == guess for true, guess in pairs) / len(pairs)}
    if task.scheme == "bio":
        names = {**dict(enumerate(task.labels)), UNKNOWN_TAG: f"B-{_UNKNOWN}"}
        words = [[[names[tag] for tag in tags] for tags in side] for side in (gold, guessed)]
        scores["f1"] = metric("span_f1").score(words[1], words[0])
    return scores


def _answer_metrics(
    task: SpanExtractionTask, dataset: "Dataset", maker: BatchMaker, found: list[Outputs], table: pa.Table
) -> dict[str, float]:
    best: dict[int, tuple[float, str]] = {}
    nothing: dict[int, float] = {}
    contexts = dataset["text_b"][:]
    for window, example in enumerate(maker.examples.tolist()):
        places = np.stack([np.array(table[name][window].as_py()) for name in ("character", "character_end")])
        scores = found[window][:, : places.shape[1]]
        score, first, last = best_span(scores, places[0] >= 0)
        if score > best.get(example, (-math.inf, ""))[0]:
            best[example] = score, contexts[example][places[0][first] : places[1][last]].strip()
        nothing[example] = min(nothing.get(example, math.inf), float(scores[:, 0].sum()))
    answers: list[list[str]] = dataset["answer_texts"][:]
    guesses = [
        "" if task.unanswerable and nothing[row] > best[row][0] else best[row][1]
        for row in range(len(answers))
    ]
    return {
        "f1": metric("answer_f1").score(guesses, answers),
        "exact_match": metric("exact_match").score(guesses, answers),
    }


def best_span(scores: npt.NDArray[Any], allowed: npt.NDArray[np.bool_]) -> tuple[float, int, int]:
    """Return score, first and last token of the likeliest answer of at most 30 tokens.

    Args:
        scores: `[2, tokens]` of being the first and the last token.
        allowed: `[tokens]` whether an answer may stand there.
    """
    masked = np.where(allowed, scores, -math.inf)
    firsts, lasts = (np.argsort(-line, kind="stable")[:_BEST] for line in masked)
    spans = [
        (float(masked[0, first] + masked[1, last]), int(first), int(last))
        for first in firsts
        for last in lasts
        if first <= last < first + _LONGEST_ANSWER and allowed[first] and allowed[last]
    ]
    start = int(firsts[0])
    return max(spans, default=(float(masked[0, start] + scores[1, start]), start, start))

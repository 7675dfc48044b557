"""The usual metric of a stage's task where a text-to-text model answers in words."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.config.text_format import NO_ANSWER, SPAN_SEPARATOR, TextFormat
from harness.config.training_task import SpanExtractionTask, TrainingTask
from harness.data.rows import TrainingRows
from harness.metrics.registry import metric
from harness.training.batches import shares
from harness.training.distributed import World, from_every_rank
from harness.training.job import HeldOutScore
from harness.training.kinds.batch_maker import Draw
from harness.training.kinds.text_to_text import (
    Targets,
    encode,
    label_targets,
    label_words,
    named_tags,
    span_texts,
)
from harness.training.tokenised import from_table

_LONGEST_ANSWER = 64
_DRAW = Draw(0, 0)


def score_answers(
    task: TrainingTask,
    text_format: TextFormat,
    rows: TrainingRows,
    engine: Any,
    tokenizer: Any,
    max_length: int,
    batch_size: int,
    world: World,
) -> HeldOutScore:
    """Return the metrics of a trained engine on held-out rows; to be called on every rank.

    Labels are chosen by likelihood, other answers are written greedily, at most 64 tokens of them.

    Args:
        task: The task with its labels.
        text_format: How the model reads it.
        rows: Its held-out rows.
        engine: The engine, after training.
        tokenizer: The model's tokenizer.
        max_length: As in training.
        batch_size: Rows over all processes at once.
        world: This process's place.
    """
    maker = Targets(from_table(encode(rows, text_format, tokenizer, max_length)))
    words = label_words(rows, text_format)
    answer: Callable[[dict[str, Tensor]], list[Any]]
    if words:
        targets = label_targets(tokenizer, words)

        def answer(inputs: dict[str, Tensor]) -> list[Any]:
            return _likeliest(engine, inputs, targets)
    else:

        def answer(inputs: dict[str, Tensor]) -> list[Any]:
            written = _written(engine, inputs, maker.tokens.pad_id, tokenizer.eos_token_id)
            return list(tokenizer.batch_decode(written, skip_special_tokens=True))

    engine.eval()
    with torch.no_grad():
        own = dict(_answered(maker, answer, batch_size, world))
    engine.train()
    found: dict[int, Any] = {}
    for part in from_every_rank(own):
        found |= part
    answers = [found[row] for row in range(len(maker.lengths))]
    return HeldOutScore(
        metrics=_metrics(task, rows, bool(words), answers),
        rows=len(rows.dataset),
        source=rows.source,
        fingerprint=rows.fingerprint,
    )


def _answered(
    maker: Targets, answer: Callable[[dict[str, Tensor]], list[Any]], batch_size: int, world: World
) -> Iterator[tuple[int, Any]]:
    order = np.argsort(-maker.lengths, kind="stable").astype(np.int64)
    for start in range(0, len(order), batch_size):
        # Each rank takes part in each pass: under ZeRO 3 the ranks hold parts of the weights.
        (share,) = shares(order[start : start + batch_size], world.rank, world.size, 1)
        inputs = maker.tensors(share, world.device, _DRAW)
        yield from zip(share.tolist(), answer(inputs)[: len(share)], strict=True)


def _likeliest(engine: Any, inputs: dict[str, Tensor], targets: Sequence[Sequence[int]]) -> list[int]:
    """Return the label of the highest likelihood for each row."""
    rows = len(inputs["input_ids"])
    scores = []
    encoded: dict[str, Any] = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    for ids in targets:
        wanted = inputs["input_ids"].new_tensor(ids).expand(rows, -1)
        seen = torch.cat([inputs["decoder_input_ids"][:, :1], wanted[:, :-1]], dim=1)
        output = engine(**encoded, decoder_input_ids=seen)
        # The same for every label: encoded once.
        encoded = {
            "attention_mask": inputs["attention_mask"],
            "encoder_outputs": (output.encoder_last_hidden_state,),
        }
        logprobs = output.logits.float().log_softmax(-1)
        scores.append(logprobs.gather(2, wanted[..., None]).sum(dim=(1, 2)))
    return [int(label) for label in torch.stack(scores, dim=1).argmax(dim=1)]


def _written(engine: Any, inputs: dict[str, Tensor], pad_id: int, end_id: int) -> list[list[int]]:
    """Return the token ids that the model writes, each the likeliest after those before it."""
    seen = inputs["decoder_input_ids"][:, :1]
    ended = torch.zeros(len(seen), dtype=torch.bool, device=seen.device)
    encoded: dict[str, Any] = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    for _ in range(_LONGEST_ANSWER):
        output = engine(**encoded, decoder_input_ids=seen)
        encoded = {
            "attention_mask": inputs["attention_mask"],
            "encoder_outputs": (output.encoder_last_hidden_state,),
        }
        likeliest = output.logits[:, -1].argmax(-1).masked_fill(ended, pad_id)
        seen = torch.cat([seen, likeliest[:, None]], dim=1)
        ended |= likeliest == end_id
        if all(from_every_rank(bool(ended.all()))):
            break
    written: list[list[int]] = seen[:, 1:].tolist()
    return written


def _metrics(task: TrainingTask, rows: TrainingRows, labelled: bool, answers: list[Any]) -> dict[str, float]:
    dataset = rows.dataset
    if labelled:
        return {"accuracy": float(np.mean(np.array(answers) == np.array(dataset["label"][:])))}
    if isinstance(task, SpanExtractionTask):
        nothing = NO_ANSWER if task.unanswerable else None
        guesses, gold = (
            ["" if guess.strip() == nothing else guess for guess in answers],
            dataset["answer_texts"][:],
        )
        return {
            "f1": metric("answer_f1").score(guesses, gold),
            "exact_match": metric("exact_match").score(guesses, gold),
        }
    gold_spans = [
        span_texts(words, named_tags(tags, rows.labels))
        for words, tags in zip(dataset["words"][:], dataset["tags"][:], strict=True)
    ]
    # As mT5's: what is no `KIND: words` is no span.
    spans = [
        [part.strip() for part in answer.split(SPAN_SEPARATOR.strip()) if ":" in part] for answer in answers
    ]
    return {"f1": metric("text_span_f1").score(spans, gold_spans)}

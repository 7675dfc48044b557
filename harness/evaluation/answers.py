"""From what lm-eval got of a checkpoint to predictions, and the scores that lm-eval reports of them.

Tasks whose metric is not lm-eval's own accuracy name these functions: `process_results` hands on each item's
prediction, reference and language, and `harness.evaluation.aggregations` makes the metric of all of them, so
that the results carry it under its usual name. A metric may be a ratio of sums, or of all items together.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.config.corpus import Corpus
from harness.errors import UserError
from harness.evaluation.aggregations import Scored
from harness.evaluation.datasets import loaded_corpus
from harness.evaluation.scorer import TEXT_FORM, dataset
from harness.kinds.registry import kind_of, text_form
from harness.message_text import in_short
from harness.metrics.base import Metric
from harness.metrics.item_scores import decode


class UnreadableAnswerError(UserError):
    """An answer is not what the task's kind writes."""


@dataclass(frozen=True)
class Judged:
    """An item's prediction beside its reference, and the metrics that compare them, the headline first."""

    prediction: Any
    reference: Any
    metrics: tuple[Metric, ...]


def judged(corpus: Corpus, document: Mapping[str, Any], answer: str | Sequence[float]) -> Judged:
    """Return what an answer predicts for a document of a corpus.

    Args:
        corpus: The corpus.
        document: The document, with the columns of `harness.evaluation.datasets`.
        answer: A text, or the log-probability of each label or candidate.

    Raises:
        UnreadableAnswerError: a text is not what the corpus's kind writes.
    """
    task, kind = corpus.task, kind_of(corpus.task)
    reference, metrics = decode(document["reference"]), kind.metrics(task)
    if not isinstance(answer, str):
        # The first of equals.
        return Judged(
            kind.chosen(task, max(range(len(answer)), key=lambda at: answer[at])), reference, metrics
        )
    if answer.startswith(f'{{"{TEXT_FORM}":'):
        form = text_form(task)
        (reference,) = form.references(dataset([document]))
        return Judged(json.loads(answer)[TEXT_FORM], reference, form.metrics())
    try:
        return Judged(kind.read_answer(answer), reference, metrics)
    except ValueError as error:
        raise UnreadableAnswerError(
            f"{corpus.name}: the model answered {in_short(answer)}, which is no prediction of kind "
            f"{kind.name}; score it with `--model xstilts`"
        ) from error


def process_results(document: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Scored]:
    """Return what metrics compare, by what lm-eval calls them (its `process_results`)."""
    answer = results[0] if isinstance(results[0], str) else [logprob for logprob, _ in results]
    item = judged(loaded_corpus(document["corpus"]), document, answer)
    return {
        metric.results_name: (item.prediction, item.reference, document["language"], metric.name)
        for metric in item.metrics
    }

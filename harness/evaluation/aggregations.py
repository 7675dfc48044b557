"""lm-eval aggregations: `!function harness.evaluation.aggregations.NAME` is the score of the metric NAME."""

from collections.abc import Callable, Iterable
from typing import Any

from harness.metrics.registry import metric

Scored = tuple[Any, Any, str, str]
"""An item's prediction, reference and language, and the metric that compares them."""
Aggregation = Callable[[Iterable[Scored]], float]


def __getattr__(name: str) -> Aggregation:
    """Return what makes a metric's score of all items (`harness.evaluation.answers.process_results`)."""
    if name.startswith("_"):
        raise AttributeError(name)
    metric(name)

    def score(items: Iterable[Scored]) -> float:
        predictions, references, languages, names = zip(*items, strict=True)
        return metric(names[0]).for_language(languages[0]).score(predictions, references)

    score.__name__ = name
    return score

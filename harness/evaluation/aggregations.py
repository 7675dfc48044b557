"""lm-eval aggregations: `!function harness.evaluation.aggregations.NAME` is the score of the metric NAME."""

from collections.abc import Callable, Iterable
from typing import Any

from harness.metrics.registry import metric

Aggregation = Callable[[Iterable[tuple[Any, Any, str]]], float]


def __getattr__(name: str) -> Aggregation:
    """Return what makes a metric's score of all items' predictions, references and language."""
    if name.startswith("_"):
        raise AttributeError(name)
    found = metric(name)

    def score(items: Iterable[tuple[Any, Any, str]]) -> float:
        predictions, references, languages = zip(*items, strict=True)
        return found.for_language(languages[0]).score(predictions, references)

    score.__name__ = name
    return score

"""lm-eval aggregations: `!function harness.evaluation.aggregations.NAME` is the score of the metric NAME."""

from collections.abc import Callable, Iterable
from typing import Any

from harness.metrics.registry import metric

Aggregation = Callable[[Iterable[tuple[Any, Any]]], float]


def __getattr__(name: str) -> Aggregation:
    """Return what makes a metric's score of all items' predictions and references."""
    if name.startswith("_"):
        raise AttributeError(name)
    found = metric(name)

    def score(items: Iterable[tuple[Any, Any]]) -> float:
        pairs = list(items)
        return found.score([prediction for prediction, _ in pairs], [reference for _, reference in pairs])

    score.__name__ = name
    return score

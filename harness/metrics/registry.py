"""The metrics by name."""

from harness.metrics.base import Metric
from harness.registry import Registry

ENTRY_POINTS = "xstilts.metrics"

METRICS: Registry[Metric] = Registry(
    Metric,  # type: ignore[type-abstract]  # https://github.com/python/mypy/issues/4717
    "metric",
    ENTRY_POINTS,
    {
        name: f"harness.metrics.{name}:METRIC"
        for name in (
            "accuracy",
            "answer_f1",
            "exact_match",
            "mlqa_f1",
            "mlqa_exact_match",
            "pair_f1",
            "tag_chunk_f1",
            "span_f1",
            "text_span_f1",
            "unparsable_answers",
            "token_accuracy",
            "masked_accuracy",
            "masked_loss",
            "pearson",
            "spearman",
        )
    },
)
"""The metrics that xstilts brings, and those of other distributions."""


def metric(name: str) -> Metric:
    """Return the metric of a name.

    Raises:
        UserError: there is none, or another distribution's is broken.
    """
    return METRICS.get(name)

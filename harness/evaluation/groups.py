"""lm-eval groups whose average is what the field reports."""

from typing import Any

from lm_eval.api.group import Group
from lm_eval.config.group import AggMetricConfig

_MIXED = "score"
"""What the average of groups with different headline metrics is called."""


class LanguageAverage(Group):  # type: ignore[misc]  # lm_eval has no types
    """The mean over a task's languages, without lm-eval's standard error.

    That one takes the languages for independent samples. They may be translations of the same items, so that
    it would be far too small; `harness.statistics` resamples items instead.
    """

    def aggregate(self, task_metrics: dict[str, Any]) -> dict[str, Any]:
        """Return the group's metrics."""
        metrics: dict[str, Any] = super().aggregate(task_metrics)
        return metrics | {name: "N/A" for name in metrics if name.endswith("_stderr,none")}


class AverageOfGroups(Group):  # type: ignore[misc]
    """The mean of the averages of the groups in it, each by its headline metric and weighing the same.

    XTREME's score for sentence classification is the mean of the XNLI and the PAWS-X average (Hu et al.
    2020, arXiv:2003.11080). lm-eval's own group would average the 22 leaf tasks.
    """

    def aggregate(self, task_metrics: dict[str, Any]) -> dict[str, Any]:
        """Return the group's metrics; those of the inner groups are already in `task_metrics`."""
        inner = {child.name: task_metrics[child.name] for child in self}
        headlines = {child.name: _headline(child) for child in self}
        name = headlines[next(iter(inner))] if len(set(headlines.values())) == 1 else _MIXED
        mean = sum(metrics[f"{headlines[child]},none"] for child, metrics in inner.items()) / len(inner)
        return {
            "alias": self.alias or self.name,
            "name": self.name,
            "sample_len": sum(metrics["sample_len"] for metrics in inner.values()),
            f"{name},none": mean,
            f"{name}_stderr,none": "N/A",
        }


def _headline(group: Any) -> str:
    """Return the first metric that a group averages; of a group of groups theirs, if they have the same."""
    if group.aggregate_metric_list and not isinstance(group, AverageOfGroups):
        return str(group.aggregate_metric_list[0].metric)
    inner = {_headline(child) for child in group}
    return inner.pop() if len(inner) == 1 else _MIXED


def with_right_average(group: Group) -> Group:
    """Return the group, and the groups in it, as its file's `metadata: {average: languages|groups}` asks."""
    kinds = {"languages": LanguageAverage, "groups": AverageOfGroups}
    kind = kinds.get((group.metadata or {}).get("average", ""), Group)
    made = kind(
        name=group.name,
        alias=group.alias,
        aggregate_metric_list=group.aggregate_metric_list,
        metadata=group.metadata,
    )
    for child in group:
        made.add(with_right_average(child) if isinstance(child, Group) else child)
    if kind is AverageOfGroups:
        # lm-eval asks a group without metrics for no average.
        made.aggregate_metric_list = [AggMetricConfig(metric=_headline(made), filter_list=["none"])]
    return made

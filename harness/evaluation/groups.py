"""lm-eval groups whose average is what the field reports."""

from typing import Any

from lm_eval.api.group import Group
from lm_eval.config.group import AggMetricConfig

_ACCURACY = "acc,none"
_STDERR = "acc_stderr,none"


class LanguageAverage(Group):  # type: ignore[misc]  # lm_eval has no types
    """The mean over a task's languages, without lm-eval's standard error.

    That one takes the languages for independent samples. They are translations of the same items, so that
    it would be far too small; `harness.leaderboard` resamples items instead.
    """

    def aggregate(self, task_metrics: dict[str, Any]) -> dict[str, Any]:
        """Return the group's metrics."""
        metrics: dict[str, Any] = super().aggregate(task_metrics)
        return metrics | {_STDERR: "N/A"}


class AverageOfGroups(Group):  # type: ignore[misc]
    """The mean of the averages of the groups in it, each weighing the same.

    XTREME's score for sentence classification is the mean of the XNLI and the PAWS-X average (Hu et al.
    2020, arXiv:2003.11080). lm-eval's own group would average the 22 leaf tasks.
    """

    def aggregate(self, task_metrics: dict[str, Any]) -> dict[str, Any]:
        """Return the group's metrics; those of the inner groups are already in `task_metrics`."""
        inner = [task_metrics[name] for name in self.child_names]
        return {
            "alias": self.alias or self.name,
            "name": self.name,
            "sample_len": sum(metrics["sample_len"] for metrics in inner),
            _ACCURACY: sum(metrics[_ACCURACY] for metrics in inner) / len(inner),
            _STDERR: "N/A",
        }


def with_right_average(group: Group) -> Group:
    """Return the group, and the groups in it, as its file's `metadata: {average: languages|groups}` asks."""
    kinds = {"languages": LanguageAverage, "groups": AverageOfGroups}
    kind = kinds.get((group.metadata or {}).get("average", ""), Group)
    metrics = [AggMetricConfig(metric="acc", filter_list=["none"], weight_by_size=False)]
    made = kind(
        name=group.name,
        alias=group.alias,
        aggregate_metric_list=metrics if kind is AverageOfGroups else group.aggregate_metric_list,
        metadata=group.metadata,
    )
    for child in group:
        made.add(with_right_average(child) if isinstance(child, Group) else child)
    return made

"""lm-eval groups whose average is what the field reports."""

from typing import Any

from lm_eval.api.group import Group
from lm_eval.config.group import AggMetricConfig

_MIXED = "score"
"""What the average of groups with different headline metrics is called."""
_EXACT = "exact_match"


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

    halves = False

    def aggregate(self, task_metrics: dict[str, Any]) -> dict[str, Any]:
        """Return the group's metrics; those of the inner groups are already in `task_metrics`."""
        inner = [(_headlines(child, self.halves), task_metrics[child.name]) for child in self]
        name = _name_of({names for names, _ in inner})
        scores = [sum(metrics[f"{one},none"] for one in names) / len(names) for names, metrics in inner]
        mean = sum(scores) / len(scores)
        return {
            "alias": self.alias or self.name,
            "name": self.name,
            "sample_len": sum(metrics["sample_len"] for _, metrics in inner),
            f"{name},none": mean,
            f"{name}_stderr,none": "N/A",
        }


class XtremeAverage(AverageOfGroups):
    """The same, where a target of question answering counts half the sum of its F1 and its exact match.

    As evaluate.py of https://github.com/google-research/xtreme does (`avg_metric`).
    """

    halves = True


def _headlines(group: Any, halves: bool) -> tuple[str, ...]:
    """Return the first metric that a group averages; of a group of groups theirs, if they have the same.

    Args:
        group: The group.
        halves: Exact match counts as much as the F1 beside it.
    """
    if group.aggregate_metric_list and not isinstance(group, AverageOfGroups):
        names = [str(entry.metric) for entry in group.aggregate_metric_list]
        return tuple(names) if halves and _EXACT in names else (names[0],)
    return (_name_of({_headlines(child, halves) for child in group}),)


def _name_of(headlines: set[tuple[str, ...]]) -> str:
    """Return what the average of groups with these headline metrics is called."""
    (names, *others) = headlines
    return names[0] if not others and len(names) == 1 else _MIXED


def with_right_average(group: Group) -> Group:
    """Return the group, and the groups in it, with the `average` that its file's `metadata` asks for."""
    kinds = {"languages": LanguageAverage, "groups": AverageOfGroups, "xtreme": XtremeAverage}
    kind = kinds.get((group.metadata or {}).get("average", ""), Group)
    made = kind(
        name=group.name,
        alias=group.alias,
        aggregate_metric_list=group.aggregate_metric_list,
        metadata=group.metadata,
    )
    for child in group:
        made.add(with_right_average(child) if isinstance(child, Group) else child)
    if isinstance(made, AverageOfGroups):
        # lm-eval asks a group without metrics for no average.
        name = _name_of({_headlines(child, made.halves) for child in made})
        made.aggregate_metric_list = [AggMetricConfig(metric=name, filter_list=["none"])]
    return made

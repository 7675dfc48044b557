"""A plan's check before its first step."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from harness.execution.steps.check import CheckStep
from harness.resolved_plan import ResolvedPlan
from harness.training.preflight_job import PreflightJob, TaskToCheck

if TYPE_CHECKING:
    from datasets import Dataset

CHECK = "0" * 32
"""Stands for a digest where there is no entry."""

_ROWS = 100
_LONGEST = 300
"""Characters of a text that are looked at."""


def check_step(resolved: ResolvedPlan) -> CheckStep:
    """Return the step that checks what is to be trained."""
    plan = resolved.plan
    contents = [resolved.content(stage) for stage in plan.stages if stage.is_trained]
    members = {member.name: member for content in contents for member in content.members}
    leaves = {
        leaf.name: leaf for stage in plan.stages if stage.is_evaluated for leaf in resolved.leaves(stage)
    }
    languages = [member.task.language for member in members.values()]
    languages += [leaf.language for leaf in leaves.values()]
    job = PreflightJob(
        model=resolved.model.ref,
        deepspeed=plan.loaded.deepspeed.config,
        tasks=tuple(
            TaskToCheck(
                name=name,
                task=member.task,
                hyperparameters=member.settings,
                texts=tuple(_texts(resolved.training[name].dataset)),
            )
            for name, member in members.items()
        ),
        stages=tuple({content.settings.model_dump_json(): content.settings for content in contents}.values()),
        languages=tuple(dict.fromkeys(languages)),
        evaluation_texts={
            name: tuple(_texts(rows.dataset)) for name, rows in resolved.evaluation.items() if name in leaves
        },
    )
    return CheckStep(digest=CHECK, model=resolved.model.ref, job=job)


def _texts(dataset: "Dataset") -> Iterator[str]:
    """Yield the texts of the first rows: of both columns, where there are two."""
    rows = dataset[:_ROWS]
    for column in ("text_a", "text_b"):
        yield from (text[:_LONGEST] for text in islice(rows.get(column, ()), _ROWS) if text)

"""A plan's checks before its first step: made from the resolved plan, carried out by its first worker."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from harness.execution.messages import CheckRequest
from harness.execution.worker_process import WorkerProcess
from harness.resolved_plan import ResolvedPlan
from harness.store.store import Store
from harness.training.manifest import STAGES
from harness.training.preflight import PreflightJob, TaskToCheck

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS = 100
_LONGEST = 300
"""Characters of a text that are looked at."""


def check_before_training(
    resolved: ResolvedPlan, store: Store, workers: Sequence[WorkerProcess]
) -> tuple[str, ...]:
    """Let the first worker check what is to be trained; nothing where all stages are in the store.

    The others are started meanwhile, since their imports take as long.

    Returns:
        What a user should know, a sentence each.

    Raises:
        UserError: something would fail in a stage.
    """
    digests = set(store.digests(STAGES))
    if all(digest in digests for digest in resolved.digests.values()):
        return ()
    for worker in workers:
        worker.start()
    return workers[0].check(CheckRequest(job=preflight_job(resolved)))


def preflight_job(resolved: ResolvedPlan) -> PreflightJob:
    """Return what is to be checked of a plan."""
    plan = resolved.plan
    contents = [resolved.content(stage) for stage in plan.stages if stage.is_trained]
    members = {member.name: member for content in contents for member in content.members}
    leaves = {leaf.name for stage in plan.stages if stage.is_evaluated for leaf in resolved.leaves(stage)}
    return PreflightJob(
        model=resolved.model.ref.local(),
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
        evaluation_texts={
            name: tuple(_texts(rows.dataset)) for name, rows in resolved.evaluation.items() if name in leaves
        },
    )


def _texts(dataset: "Dataset") -> Iterator[str]:
    """Yield the texts of the first rows: of both columns, where there are two."""
    rows = dataset[:_ROWS]
    for column in ("text_a", "text_b"):
        yield from (text[:_LONGEST] for text in islice(rows.get(column, ()), _ROWS) if text)

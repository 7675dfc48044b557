"""Which earlier head a stage goes on with, where its settings say `head: keep`."""

from dataclasses import dataclass

from harness.config.kept_head_checks import same_head
from harness.config.load import LoadedSequence
from harness.kinds.registry import TrainingTask
from harness.plan.content import stage_content
from harness.plan.stage import Stage


@dataclass(frozen=True)
class KeptHead:
    """A head of an earlier stage.

    Attributes:
        stage: The stage that trained it.
        task: The task of the stage's mixture, or None where it has one task.
    """

    stage: Stage
    task: str | None


def kept_heads(loaded: LoadedSequence, stage: Stage) -> dict[str, KeptHead]:
    """Return, by the name of a stage's rows, the head that it keeps; tasks that get a new head are left out.

    It is that of the last stage before with a task of the same kind and the same labels in the same order.
    """
    content = stage_content(loaded, stage)
    found: dict[str, KeptHead] = {}
    for name, task in content.tasks.items():
        if content.own[name].head == "keep":
            kept = _last_before(loaded, stage, task)
            if kept is not None:
                found[name] = kept
    return found


def _last_before(loaded: LoadedSequence, stage: Stage, task: TrainingTask) -> KeptHead | None:
    before = stage.parent
    while before is not None:
        content = stage_content(loaded, before)
        for name, other in content.tasks.items():
            if same_head(task, other):
                return KeptHead(before, name if content.mixture else None)
        before = before.parent
    return None

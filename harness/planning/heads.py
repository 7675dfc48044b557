"""Which earlier head a stage starts from, where its settings say `head: reuse`."""

from dataclasses import dataclass

from harness.config.load import LoadedSequence
from harness.config.reused_head_checks import same_head
from harness.kinds.registry import TrainingTask
from harness.planning.content import stage_content
from harness.planning.stage import Stage


@dataclass(frozen=True)
class HeadRef:
    """The head that a stage trained for one of its members.

    Attributes:
        stage: The stage.
        member: Position of the member, from 0.
        name: Name of the member.
    """

    stage: Stage
    member: int
    name: str


def reused_heads(loaded: LoadedSequence, stage: Stage) -> dict[str, HeadRef]:
    """Return, by the names of a stage's members, the heads that they reuse; others get new ones.

    It is that of the last stage before with a task of the same kind and the same labels in the same order.
    """
    found: dict[str, HeadRef] = {}
    for member in stage_content(loaded, stage).members:
        if member.settings.head == "reuse":
            head = _last_before(loaded, stage, member.task)
            if head is not None:
                found[member.name] = head
    return found


def _last_before(loaded: LoadedSequence, stage: Stage, task: TrainingTask) -> HeadRef | None:
    for before in reversed(stage.lineage()[:-1]):
        for number, member in enumerate(stage_content(loaded, before).members):
            if same_head(task, member.task):
                return HeadRef(before, number, member.name)
    return None

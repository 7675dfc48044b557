"""What must hold where a sequence file says `head: reuse`."""

from collections.abc import Iterator

from harness.config.catalogue import Catalogue
from harness.config.outline import Outline
from harness.config.problem import Problem
from harness.config.yaml_source import Key
from harness.kinds.registry import TrainingTask, kind_of


def same_head(task: TrainingTask, other: TrainingTask) -> bool:
    """Return whether two tasks' heads have the same shape and meaning."""
    return task.kind == other.kind and bool(kind_of(task).same_head(task, other))


def reused_head_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield a problem where no stage of the file trains a head that could be reused."""
    names = list(outline.tasks.values())
    tasks = [catalogue.training_tasks[name] for name in names if name in catalogue.training_tasks]
    if len(tasks) != len(names):
        return
    again = {task.name for task in tasks if names.count(task.name) > 1 or outline.repeats}
    reused: dict[Key, list[TrainingTask]] = {}
    if outline.head == "reuse":
        reused["training", "head"] = tasks
    for place, name in outline.per_task.items():
        settings = outline.source.value(place)
        if isinstance(settings, dict) and settings.get("head") == "reuse":
            members = outline.mixtures[name].values() if name in outline.mixtures else [name]
            reused[*place, "head"] = [catalogue.training_tasks[member] for member in members]
    for key, reusing in reused.items():
        if not any(_has_donor(task, tasks, again) for task in reusing):
            message = "no other stage of this file trains a head of the same kind and labels"
            yield outline.source.problem(key, message, "write head: new, or leave it out")


def _has_donor(task: TrainingTask, tasks: list[TrainingTask], again: set[str]) -> bool:
    return task.name in again or any(same_head(task, other) for other in tasks if other.name != task.name)

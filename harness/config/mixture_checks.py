"""What must hold for the mixtures of a sequence file beyond the shape of each value."""

from collections.abc import Iterator

from harness.config.catalogue import Catalogue
from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.config.sequence_file import MEMBER_SETTINGS
from harness.message_text import cut, nearest


def mixture_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield every problem of the mixtures: their names, their tasks, and settings without effect."""
    yield from _names(outline, catalogue)
    yield from _nested(outline)
    yield from _targets(outline)
    yield from _idle_settings(outline)


def _names(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    used = set(outline.intermediates.values())
    for name in outline.mixtures:
        key = ("mixtures", name)
        if name in catalogue.training_task_files:
            message = f"the name {name!r} is taken by the training task {catalogue.training_task_files[name]}"
            yield outline.source.problem(key, message, "give the mixture another name", f"{cut(name)}: …")
        elif name not in used:
            remedy = f"{nearest(name, used)}Add it to `intermediates`, or remove it"
            yield outline.source.problem(key, "no stage trains this mixture", remedy, f"{cut(name)}: …")


def _nested(outline: Outline) -> Iterator[Problem]:
    for key, name in outline.members.items():
        if name in outline.mixtures:
            remedy = f"name its tasks: {listed(outline.mixtures[name].values())}"
            yield outline.source.problem(key, "a mixture cannot hold a mixture", remedy)


def _targets(outline: Outline) -> Iterator[Problem]:
    for key, name in outline.targets.items():
        if name in outline.mixtures:
            message = "a mixture cannot be a target: one head is scored"
            remedy = "name it under intermediates, and the task whose head is scored here"
            yield outline.source.problem(key, message, remedy)


def _idle_settings(outline: Outline) -> Iterator[Problem]:
    """Find settings of tasks that are trained only within mixtures, whose settings are the mixture's."""
    members = set(outline.members.values())
    alone = {*outline.single_intermediates.values(), *outline.targets.values()}
    for place, name in outline.per_task.items():
        settings = outline.source.value(place)
        if name not in members or name in alone or not isinstance(settings, dict):
            continue
        for key in settings:
            if key not in MEMBER_SETTINGS:
                mixture = next(m for m, tasks in outline.mixtures.items() if name in tasks.values())
                message = f"{name} is trained only in a mixture, where this setting is the mixture's"
                remedy = f"set it for {mixture}; of a task's own, {listed(MEMBER_SETTINGS)} hold there"
                yield outline.source.problem((*place, key), message, remedy)

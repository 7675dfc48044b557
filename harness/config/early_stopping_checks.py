"""What must hold where a sequence file stops stages early: held-out rows, English ones."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.config.catalogue import Catalogue
from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.config.yaml_source import Key
from harness.kinds.registry import TrainingTask, kind_of

_LEAVE_OUT = "write early_stopping: null for it under training.per_task"


def early_stopping_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the tasks and mixtures whose stages have no English held-out rows, or no such metric."""
    for name in dict.fromkeys((*outline.intermediates.values(), *outline.targets.values())):
        key, settings = _settings(outline, name)
        if settings is None:
            continue
        if name in outline.mixtures:
            message = f"the mixture {name} has no metric of its own by which it could be stopped"
            yield outline.source.problem(key, message, _LEAVE_OUT)
        elif name in catalogue.training_tasks:
            yield from _of_task(outline, catalogue, key, settings, catalogue.training_tasks[name])
    few_shot = ("few_shot", "training", "early_stopping")
    if _at(outline, few_shot) is not None:
        message = "few-shot stages have no English held-out rows"
        yield outline.source.problem(
            few_shot, message, "remove it: they train as many steps as they are given"
        )


def _of_task(
    outline: Outline, catalogue: Catalogue, key: Key, settings: Mapping[str, Any], task: TrainingTask
) -> Iterator[Problem]:
    file, metric = catalogue.training_task_files[task.name], settings.get("metric")
    known = [one.name for one in kind_of(task).metrics(task)]
    if not kind_of(task).is_trained:
        return
    if task.held_out is None:
        message = f"{task.name} has no held-out rows"
        remedy = f"write `held_out:` into {file}, with a source or with `share: 0.05`; or {_LEAVE_OUT}"
        yield outline.source.problem(key, message, remedy)
    elif task.language != "en":
        message = f"the held-out rows of {task.name} are not English but {task.language}"
        yield outline.source.problem(key, f"{message}, and no other language may choose weights", _LEAVE_OUT)
    elif isinstance(metric, str) and metric not in known:
        message = f"{task.name} is not measured by it"
        yield outline.source.problem((*key, "metric"), message, f"name one of {listed(known)}")


def _settings(outline: Outline, name: str) -> tuple[Key, Mapping[str, Any] | None]:
    """Return where a stage's setting stands, and what it is."""
    own: Key = ("training", "per_task", name)
    settings = _at(outline, own)
    has_own = isinstance(settings, dict) and "early_stopping" in settings
    key: Key = (*own, "early_stopping") if has_own else ("training", "early_stopping")
    found = _at(outline, key)
    return key, found if isinstance(found, dict) else None


def _at(outline: Outline, key: Key) -> Any:
    try:
        return outline.source.value(key)
    except KeyError:
        return None

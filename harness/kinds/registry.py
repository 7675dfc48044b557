"""The task kinds by name: the packages beside this file, and those of other distributions."""

import pkgutil
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny

import harness.kinds
from harness.errors import UserError
from harness.kinds.base import TaskKind
from harness.kinds.task import Task
from harness.kinds.text_form import TextForm
from harness.registry import Registry

ENTRY_POINTS = "xstilts.kinds"

KINDS: Registry[TaskKind[Any]] = Registry(
    TaskKind,  # type: ignore[type-abstract]  # https://github.com/python/mypy/issues/4717
    "task kind",
    ENTRY_POINTS,
    {
        module.name: f"harness.kinds.{module.name}.kind:KIND"
        for module in pkgutil.iter_modules(harness.kinds.__path__)
        if module.ispkg
    },
)


class UnsuitedKindError(UserError):
    """A text-to-text model cannot be trained on a task of this kind."""


def task_kind(name: str) -> TaskKind[Any]:
    """Return the kind of a name.

    Raises:
        UserError: there is none (names the nearest), or another distribution's is broken.
    """
    return KINDS.get(name)


def kind_of(task: Task) -> TaskKind[Any]:
    """Return a task's kind."""
    return KINDS.get(task.kind)


def training_task(content: Mapping[str, Any]) -> Task:
    """Return the training task of a mapping.

    Raises:
        pydantic.ValidationError: it is none of its kind.
        UserError: there is no such kind.
    """
    task: Task = task_kind(str(content.get("kind"))).task_model.model_validate(content)
    return task


TrainingTask = Annotated[
    SerializeAsAny[Task],
    BeforeValidator(lambda value: training_task(value) if isinstance(value, Mapping) else value),
]
"""One data set to fine-tune on, as a field of a record; `kind` decides which model it is."""


def may_hold_any_token(tasks: Iterable[Task], trust_remote_code: bool) -> bool:
    """Return whether the inputs of a stage over tasks can hold tokens that are not in its rows.

    Language modelling draws tokens at random, and code of a model's own may do what it likes with them.
    """
    return trust_remote_code or any(kind_of(task).draws_tokens for task in tasks)


def text_form(task: Task) -> TextForm[Any]:
    """Return how a text-to-text model reads a task.

    Raises:
        UnsuitedKindError: the task has no such form.
    """
    form = kind_of(task).text_form(task)
    if form is None:
        raise UnsuitedKindError(f"task {task.name}: {unsuited(task)}; {unsuited_remedy()}")
    return form


def unsuited(task: Task) -> str:
    """Return why a task has no text form."""
    if not kind_of(task).is_trained:
        return (
            f"a text-to-text model is not scored on a task of {kind_of(task).described(task)}: it compares "
            "vectors of an encoder's layers; those of an encoder-decoder are made for its decoder alone"
        )
    return f"a text-to-text model cannot be trained on a task of {kind_of(task).described(task)}"


def unsuited_remedy() -> str:
    """Return what to do about a task without a text form."""
    forms = [form for name in KINDS.names() if (form := KINDS.get(name).text_form_of)]
    return (
        "leave it out, or choose an encoder as the model. Text-to-text models take "
        f"{', '.join(forms[:-1])} and {forms[-1]}"
    )

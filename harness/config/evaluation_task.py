"""Evaluation tasks: what `tasks/evaluation` defines for lm-eval, read without importing lm-eval."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from harness.config.problem import Problem, SpecError
from harness.config.wording import read_model
from harness.config.yaml_source import YamlSource, read_yaml
from harness.kinds.sources import Name, Text
from harness.message_text import nearest


@dataclass(frozen=True)
class EvaluationTask:
    """A leaf: one language of one corpus.

    Attributes:
        corpus: The evaluation corpus that holds its rows, such as `xnli`.
        language: ISO 639-1 code.
        labels: Label names; the position is the label's id.
        version: Raised by hand when the task's meaning changes.
    """

    name: str
    corpus: str
    language: str
    labels: tuple[str, ...]
    version: float


@dataclass(frozen=True)
class EvaluationGroup:
    """Leaf tasks that are scored together."""

    name: str
    tasks: tuple[str, ...]


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    version: float = Field(description="Raised when the task's meaning changes.")
    corpus: Name = Field(description="The corpus that holds the rows.")
    language: Text = Field(description="ISO 639-1 code.")
    labels: tuple[Text, ...] = Field(min_length=2, description="Label names in the order of their ids.")


class _LeafFile(BaseModel):
    # All else is lm-eval's own.
    model_config = ConfigDict(extra="allow", frozen=True)

    task: Name
    metadata: _Metadata


class _GroupFile(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    group: Name
    task: tuple[Name, ...] = Field(min_length=1, description="Names of tasks or groups.")


def read_evaluation_tasks(
    folder: Path,
) -> tuple[dict[str, EvaluationTask], dict[str, EvaluationGroup]]:
    """Read every `*.yaml` below a folder; return the leaf tasks and the groups by name.

    Groups of groups are expanded to their leaves, English first, then in the order of the files.

    Raises:
        SpecError: a file is malformed, a name stands twice, or a group names an unknown task.
    """
    problems: list[Problem] = []
    leaves: dict[str, EvaluationTask] = {}
    groups: dict[str, tuple[YamlSource, tuple[str, ...]]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        try:
            source = read_yaml(path, any_tags=True)
            if isinstance(source.data, dict) and "group" in source.data:
                group = read_model(source, _GroupFile)
                name, taken = group.group, group.group in groups
                groups.setdefault(name, (source, group.task))
            else:
                leaf = read_model(source, _LeafFile)
                name, taken = leaf.task, leaf.task in leaves
                leaves.setdefault(name, EvaluationTask(name=name, **leaf.metadata.model_dump(include=_LEAF)))
        except SpecError as error:
            problems += error.problems
            continue
        if taken or (name in leaves and name in groups):
            problems.append(source.problem((), f"the name {name!r} is taken", "choose another", name))
    problems += _unknown_members(groups, leaves)
    if problems:
        raise SpecError(problems)
    members = {name: task for name, (_, task) in groups.items()}
    return leaves, {
        name: EvaluationGroup(name, english_first(_expand(name, members), leaves)) for name in groups
    }


_LEAF = {"version", "corpus", "language", "labels"}


def english_first(names: Iterable[str], leaves: dict[str, EvaluationTask]) -> tuple[str, ...]:
    """Return the names, each once, those of English tasks in front."""
    return tuple(sorted(dict.fromkeys(names), key=lambda name: leaves[name].language != "en"))


def _expand(name: str, members: dict[str, tuple[str, ...]], within: tuple[str, ...] = ()) -> Iterable[str]:
    """Yield the leaves of a group; a group inside itself adds nothing."""
    for member in members[name]:
        if member not in members:
            yield member
        elif member not in (*within, name):
            yield from _expand(member, members, (*within, name))


def _unknown_members(
    groups: dict[str, tuple[YamlSource, tuple[str, ...]]], leaves: dict[str, EvaluationTask]
) -> Iterable[Problem]:
    known = (*leaves, *groups)
    for source, members in groups.values():
        for position, member in enumerate(members):
            if member not in known:
                remedy = f"{nearest(member, known)}Name a task or group below tasks/evaluation"
                yield source.problem(("task", position), "there is no such evaluation task", remedy)

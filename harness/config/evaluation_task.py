"""Evaluation tasks: one language of one corpus each, and groups of them, read without importing lm-eval.

A corpus has one task per language and a group of them all. lm-eval's own files below `tasks/evaluation`
define the same tasks for lm-eval, further groups, and tasks with names of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from harness.config.corpus import Corpus, check_corpus, is_corpus
from harness.config.problem import Problem, SpecError, listed
from harness.config.wording import read_model
from harness.config.yaml_source import YamlSource, read_yaml
from harness.kinds.sources import Name, Text
from harness.message_text import nearest


@dataclass(frozen=True)
class EvaluationTask:
    """A leaf: one language of one corpus.

    Attributes:
        corpus: The corpus that holds its rows.
        language: ISO 639 code.
        version: Raised by hand when the task's meaning changes.
    """

    name: str
    corpus: Corpus
    language: str
    version: float

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names; the position is the label's id."""
        return self.corpus.labels


@dataclass(frozen=True)
class EvaluationGroup:
    """Leaf tasks that are scored together."""

    name: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class EvaluationTasks:
    """Corpora and the tasks that score them.

    Attributes:
        corpora: Name -> corpus.
        leaves: Name -> leaf task.
        groups: Name -> group; groups of groups are expanded to their leaves, English first.
        problems: What is wrong with the files; what has problems is left out.
    """

    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    leaves: Mapping[str, EvaluationTask] = field(default_factory=dict)
    groups: Mapping[str, EvaluationGroup] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def with_folder(self, folder: Path) -> "EvaluationTasks":
        """Return these and the corpora, lm-eval's tasks and groups of the YAML files below a folder."""
        found, problems, theirs = self, list[Problem](), list[YamlSource]()
        # Corpora first: a file with the name of a corpus's task is lm-eval's form of it and need not be read.
        for path in sorted(folder.rglob("*.yaml"), key=lambda path: (path.parent.name != "corpora", path)):
            if path.stem in found.leaves:
                continue
            try:
                source = read_yaml(path, any_tags=True)
                if is_corpus(source):
                    found = found._with_corpus(source)
                elif is_lm_eval(source):
                    theirs.append(source)
            except SpecError as error:
                problems += error.problems
        return replace(found, problems=(*found.problems, *problems))._with_lm_eval(theirs)

    def _with_corpus(self, source: YamlSource) -> "EvaluationTasks":
        corpus = check_corpus(source)
        if corpus.name in self.corpora:
            known = self.corpora[corpus.name].path
            if known.resolve() == source.path.resolve():
                return self
            raise SpecError(
                [source.problem(("name",), f"the name is taken by {known}", "give the corpus another name")]
            )
        leaves = {
            name: EvaluationTask(name, corpus, language, corpus.definition.version)
            for name, language in leaf_names(corpus).items()
        }
        taken = [name for name in (corpus.task_prefix, *leaves) if name in {*self.leaves, *self.groups}]
        if taken:
            key = "task_prefix" if corpus.definition.task_prefix else "name"
            message = f"the evaluation task {taken[0]} exists already"
            raise SpecError([source.problem((key,), message, "choose another task_prefix")])
        group = EvaluationGroup(corpus.task_prefix, tuple(leaves))
        return replace(
            self,
            corpora={**self.corpora, corpus.name: corpus},
            leaves={**self.leaves, **leaves},
            groups={**self.groups, group.name: group},
        )

    def _with_lm_eval(self, sources: Iterable[YamlSource]) -> "EvaluationTasks":
        problems, leaves = list(self.problems), dict(self.leaves)
        members: dict[str, tuple[YamlSource, tuple[str, ...]]] = {}
        for source in sources:
            data = source.data if isinstance(source.data, dict) else {}
            try:
                if "group" in data:
                    group = read_model(source, _GroupFile)
                    if group.group not in self.groups:
                        members[group.group] = (source, group.task)
                elif _is_leaf(data):
                    leaf = read_model(source, _LeafFile)
                    leaves.setdefault(leaf.task, self._leaf(source, leaf))
            except SpecError as error:
                problems += error.problems
        groups = dict(self.groups)
        known = {name: group.tasks for name, group in self.groups.items()}
        known |= {name: tasks for name, (_, tasks) in members.items()}
        unknown = list(_unknown_members(members, {*leaves, *known}))
        for name in members:
            names = [leaf for leaf in _expand(name, known) if leaf in leaves]
            groups[name] = EvaluationGroup(name, english_first(names, leaves))
        return replace(self, leaves=leaves, groups=groups, problems=(*problems, *unknown))

    def _leaf(self, source: YamlSource, leaf: "_LeafFile") -> EvaluationTask:
        metadata = leaf.metadata
        corpus = self.corpora.get(metadata.corpus)
        if corpus is None:
            remedy = f"{nearest(metadata.corpus, self.corpora)}Name one of {listed(self.corpora)}"
            raise SpecError([source.problem(("metadata", "corpus"), "there is no such corpus", remedy)])
        if metadata.language not in corpus.languages:
            remedy = f"name one of {listed(corpus.languages)}"
            message = f"the corpus {corpus.name} has no such language"
            raise SpecError([source.problem(("metadata", "language"), message, remedy)])
        return EvaluationTask(leaf.task, corpus, metadata.language, metadata.version)


def leaf_names(corpus: Corpus) -> dict[str, str]:
    """Return the corpus's leaf tasks, each with its language."""
    return {f"{corpus.task_prefix}_{language}": language for language in corpus.languages}


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    version: float = Field(description="Raised when the task's meaning changes.")
    corpus: Name = Field(description="The corpus that holds the rows.")
    language: Text = Field(description="ISO 639 code.")


class _LeafFile(BaseModel):
    # All else is lm-eval's own.
    model_config = ConfigDict(extra="allow", frozen=True)

    task: Name
    metadata: _Metadata


class _GroupFile(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    group: Name
    task: tuple[Name, ...] = Field(min_length=1, description="Names of tasks or groups.")


def _is_leaf(data: Mapping[str, object]) -> bool:
    """Return whether a file defines a task of lm-eval whose rows are a corpus's."""
    metadata = data.get("metadata")
    return "task" in data and isinstance(metadata, dict) and "corpus" in metadata


def is_lm_eval(source: YamlSource) -> bool:
    """Return whether a file defines a task or group of lm-eval."""
    return isinstance(source.data, dict) and bool({"task", "group"} & set(source.data))


def english_first(names: Iterable[str], leaves: Mapping[str, EvaluationTask]) -> tuple[str, ...]:
    """Return the names, each once, those of English tasks in front."""
    return tuple(sorted(dict.fromkeys(names), key=lambda name: leaves[name].language != "en"))


def _expand(name: str, members: Mapping[str, tuple[str, ...]], within: tuple[str, ...] = ()) -> Iterable[str]:
    """Yield the leaves of a group; a group inside itself adds nothing."""
    for member in members[name]:
        if member not in members:
            yield member
        elif member not in (*within, name):
            yield from _expand(member, members, (*within, name))


def _unknown_members(
    groups: Mapping[str, tuple[YamlSource, tuple[str, ...]]], known: set[str]
) -> Iterable[Problem]:
    for source, members in groups.values():
        for position, member in enumerate(members):
            if member not in known:
                remedy = f"{nearest(member, known)}Name a task or group below tasks/evaluation"
                yield source.problem(("task", position), "there is no such evaluation task", remedy)

"""Training task files: read, and checked against the evaluation tasks that score them."""

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import ConfigDict

from harness.config.evaluation_task import EvaluationTask
from harness.config.problem import Problem, SpecError, listed, shown
from harness.config.wording import read_model
from harness.config.yaml_source import YamlSource
from harness.kinds.registry import KINDS, task_kind
from harness.kinds.sources import LAYOUT_TAGS
from harness.kinds.task import Task
from harness.message_text import cut, nearest

Scorers = Mapping[str, tuple[EvaluationTask, ...]]
"""Name of an evaluation task or group -> its leaf tasks."""


def check_training_task(source: YamlSource, scorers: Scorers) -> Task:
    """Return the training task that a file holds.

    Raises:
        SpecError: all problems of the file.
    """
    problems: list[Problem] = []
    task = None
    try:
        task = _of_its_kind(source)
    except SpecError as error:
        problems += error.problems
    problems += _cross_problems(source, scorers, task)
    if task is None or problems:
        raise SpecError(problems)
    return task


def is_training_task(source: YamlSource) -> bool:
    """Tell whether a file means to be a training task rather than a sequence file."""
    keys = set(source.data) if isinstance(source.data, dict) else set()
    known = {key for name in KINDS.names() for key in task_kind(name).task_model.model_fields}
    return len(keys & known) > len(keys) / 2 and "targets" not in keys


class _AnyKindTask(Task):
    """What can be checked in a file whose kind is missing or unknown."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _of_its_kind(source: YamlSource) -> Task:
    kind = source.data.get("kind") if isinstance(source.data, dict) else None
    if not isinstance(kind, str):
        return read_model(source, _AnyKindTask, LAYOUT_TAGS)
    known = KINDS.names()
    if kind in known:
        return cast(Task, read_model(source, task_kind(kind).task_model, LAYOUT_TAGS))
    # Of an unknown kind, what all kinds share can still be checked.
    remedy = f"{nearest(kind, known)}Write one of {listed(known)}"
    problems = [source.problem(("kind",), "there is no such kind of task", remedy)]
    try:
        read_model(source, _AnyKindTask, LAYOUT_TAGS)
    except SpecError as error:
        problems += error.problems
    raise SpecError(problems)


def _cross_problems(source: YamlSource, scorers: Scorers, task: Task | None) -> Iterator[Problem]:
    """Check what pydantic cannot see, as far as the file can be understood."""
    data = source.data if isinstance(source.data, dict) else {}
    name, kind = data.get("name"), data.get("kind")
    if isinstance(name, str) and name != source.path.stem:
        remedy = f"rename the file to {name}.yaml, or the task to {source.path.stem}"
        yield source.problem(("name",), "a task's file must bear its name", remedy)
    labels, scored_by = task.labels if task else data.get("labels"), data.get("scored_by")
    for position, scorer in enumerate(scored_by if isinstance(scored_by, list) else []):
        if not isinstance(scorer, str):
            continue  # the model of the kind says so
        if scorer not in scorers:
            remedy = f"{nearest(scorer, scorers)}Name a task or group of `xstilts list evaluation`"
            yield source.problem(("scored_by", position), "there is no such evaluation task", remedy)
            continue
        kinds = {leaf.corpus.task.kind for leaf in scorers[scorer]}
        if not isinstance(kind, str):
            continue
        if kinds != {kind}:
            message = f"it scores tasks of kind {listed(sorted(kinds))}, this one is of kind {cut(kind)}"
            yield source.problem(
                ("scored_by", position), message, "name one of the same kind, or leave it out"
            )
        elif not task_kind(kind).choices:
            yield from _label_problems(source, position, labels, scorers[scorer])
    yield from _embedded_problems(source, data)


def _label_problems(
    source: YamlSource, position: int, labels: object, leaves: tuple[EvaluationTask, ...]
) -> Iterator[Problem]:
    if not isinstance(labels, list | tuple) or not all(isinstance(label, str) for label in labels):
        return  # the model of the kind says so
    # Heads are matched to evaluation tasks by label names, so that the order may differ.
    for theirs in dict.fromkeys(frozenset(leaf.labels) for leaf in leaves if set(leaf.labels) != set(labels)):
        strange = [label for label in labels if label not in theirs]
        hints = "".join(nearest(label, theirs) for label in strange[:1])
        yield source.problem(
            ("scored_by", position),
            f"its labels are {listed(sorted(theirs))}, this task's are {listed(labels)}",
            f"{hints}Give the labels the same names (their order may differ), or leave it out",
        )


def _embedded_problems(source: YamlSource, data: Mapping[str, object]) -> Iterator[Problem]:
    sources = data.get("sources")
    embedded = sources.get("embedded") if isinstance(sources, dict) else None
    corpus = embedded.get("corpus") if isinstance(embedded, dict) else None
    if isinstance(corpus, str):
        from harness.embedded.corpus import corpus_names

        known = corpus_names()
        if corpus not in known:
            remedy = f"{nearest(corpus, known)}Name one of {listed(known)}"
            key = ("sources", "embedded", "corpus")
            yield source.problem(key, "xstilts generates no such corpus", remedy, shown(corpus))

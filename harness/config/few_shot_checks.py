"""What must hold for the few-shot stages of a sequence file beyond the shape of each value."""

from collections.abc import Iterator

from harness.config.catalogue import Catalogue
from harness.config.evaluation_task import EvaluationTask
from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.config.yaml_source import Key
from harness.kinds.task import Task
from harness.message_text import nearest


def few_shot_problems(
    outline: Outline, catalogue: Catalogue, evaluated: dict[str, EvaluationTask]
) -> Iterator[Problem]:
    """Yield every problem of the few-shot stages: rows that are not there, or are evaluated."""
    scored = {leaf.language for leaf in evaluated.values()}
    for key, language in outline.few_shot_languages.items():
        tasks = [catalogue.training_tasks.get(target) for target in outline.targets.values()]
        missing = [
            problem
            for task in tasks
            if task is not None
            for problem in _missing_rows(outline, catalogue, task, key, language)
        ]
        yield from missing
        if not missing and evaluated and language not in scored:
            remedy = f"name one of {listed(sorted(scored - {'en'}))}, or add its task to evaluation.tasks"
            yield outline.source.problem(key, "no evaluation task of this file is in this language", remedy)
    if (
        outline.few_shot_languages
        and outline.few_shot_split == "development"
        and "validation" in map(outline.split_of, outline.targets.values())
    ):
        message = "the development rows are those that evaluation.split: validation scores"
        remedy = "evaluate the test split, or write from: train"
        yield outline.source.problem(("few_shot",), message, remedy, "few_shot: …")


def _missing_rows(
    outline: Outline, catalogue: Catalogue, task: Task, key: Key, language: str
) -> Iterator[Problem]:
    file, split = catalogue.training_task_files[task.name], outline.few_shot_split
    others = task.other_languages
    there = others is not None and getattr(others, split or "development") is not None
    if others is None or not there:
        message = f"the target {task.name} has no {split} rows in other languages"
        given = [name for name in ("train", "development") if others and getattr(others, name) is not None]
        remedy = f"write from: {given[0]}" if given else f"give {file} an `other_languages`"
        yield outline.source.problem(key, message, remedy)
    elif language not in others.languages:
        remedy = f"{nearest(language, others.languages)}Name one of {listed(others.languages)}"
        yield outline.source.problem(key, f"the target {task.name} has no rows in this language", remedy)

"""What must hold in a sequence file beyond the shape of each value."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from harness.config.catalogue import Catalogue
from harness.config.contrasts import contrast_problems
from harness.config.early_stopping_checks import early_stopping_problems
from harness.config.evaluation_task import EvaluationTask
from harness.config.few_shot_checks import few_shot_problems
from harness.config.mixture_checks import mixture_problems
from harness.config.order_checks import order_problems, twice
from harness.config.outline import Outline
from harness.config.problem import Problem, listed
from harness.config.reused_head_checks import reused_head_problems
from harness.kinds.registry import TrainingTask, kind_of
from harness.message_text import cut, nearest


def sequence_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield every problem of the names in a sequence file and of how they fit together."""
    yield from _repetitions(outline)
    yield from _unknown_tasks(outline, catalogue)
    yield from _untrained_elsewhere(outline, catalogue)
    yield from mixture_problems(outline, catalogue)
    yield from order_problems(outline)
    yield from contrast_problems(outline)
    yield from _idle_per_task(outline, catalogue)
    yield from _evaluation_problems(outline, catalogue)
    yield from _split_problems(outline, catalogue)
    yield from _unscored_targets(outline, catalogue)
    yield from _broken_zero_shot(outline, catalogue)
    yield from reused_head_problems(outline, catalogue)
    yield from early_stopping_problems(outline, catalogue)
    yield from few_shot_problems(outline, catalogue, _evaluated(outline, catalogue))


def _repetitions(outline: Outline) -> Iterator[Problem]:
    for what, places in (
        ("task", outline.intermediates),
        ("target", outline.targets),
        ("seed", outline.seeds),
        ("evaluation task", outline.evaluations),
    ):
        yield from twice(outline, what, places)
    both = set(outline.intermediates.values())
    for key, name in outline.targets.items():
        if name in both:
            message = "this target is also an intermediate task"
            remedy = "take it out of one of the two, or write two sequence files"
            yield outline.source.problem(key, message, remedy)


def _unknown_tasks(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    known = catalogue.training_task_files
    for key, name in outline.tasks.items():
        # A mixture where none can stand is reported by `mixture_problems`.
        if name not in known and name not in outline.mixtures:
            beside = outline.source.path.parent / "tasks" / f"{name}.yaml"
            allowed = [*known, *(outline.mixtures if key in outline.intermediates else ())]
            remedy = f"{nearest(name, allowed)}Name one of {listed(allowed)}, or write {beside}"
            yield outline.source.problem(key, "there is no such training task", remedy)


def _untrained_elsewhere(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    for key, name in {**outline.single_intermediates, **outline.members}.items():
        task = catalogue.training_tasks.get(name)
        if task is not None and not kind_of(task).is_trained:
            message = f"there is nothing to train on: a task of kind {task.kind} scores the encoder as it is"
            yield outline.source.problem(key, message, "name it under targets only")


def _idle_per_task(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    names = dict.fromkeys((*outline.tasks.values(), *outline.mixtures))
    unknown = [name for name in names if name not in catalogue.training_task_files]
    for key, name in outline.per_task.items():
        # What is only misspelled among the tasks is told there.
        if name not in names and not get_close_matches(name, unknown, n=1):
            remedy = f"{nearest(name, names)}Name one of {listed(names)}, or remove the section"
            yield outline.source.problem(key, "this file does not train this task", remedy, f"{cut(name)}: …")


def _evaluation_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    known, within = catalogue.evaluation_names, dict[str, str]()
    wanted = [
        catalogue.training_tasks[name] for name in outline.targets.values() if _is_task(name, catalogue)
    ]
    scored = {leaf.name for task in wanted for leaf in scoring_leaves(task, catalogue)}
    for key, name in outline.evaluations.items():
        if name not in known:
            remedy = f"{nearest(name, known)}Name a task or group of `xstilts list evaluation`"
            yield outline.source.problem(key, "there is no such evaluation task", remedy)
            continue
        leaves = catalogue.leaves(name)
        shared = [leaf.name for leaf in leaves if within.get(leaf.name, name) != name]
        if shared:
            message = f"{shared[0]} is already part of {within[shared[0]]}"
            yield outline.source.problem(key, message, "name either the group or single tasks of it")
        within |= {leaf.name: name for leaf in leaves}
        idle = [leaf.name for leaf in leaves if leaf.name not in scored]
        if len(wanted) == len(outline.targets) and len(idle) == len(leaves):
            fitting = list(dict.fromkeys(scorer for task in wanted for scorer in task.scored_by))
            remedy = f"remove it, or add a target that it scores; these targets: {listed(fitting)}"
            yield outline.source.problem(key, "no target of this file is scored by this", remedy)


def _split_problems(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    targets = outline.targets.values()
    for key in outline.splits:
        if key[-1] not in targets:
            remedy = f"{nearest(str(key[-1]), targets)}Name one of {listed(targets)}, or remove the line"
            yield outline.source.problem(
                key, "this is no target of this file", remedy, f"{cut(str(key[-1]))}: …"
            )
    if not outline.splits:
        return
    scored_on: dict[str, str] = {}
    for key, name in outline.targets.items():
        for leaf in (
            scoring_leaves(catalogue.training_tasks[name], catalogue) if _is_task(name, catalogue) else ()
        ):
            other = scored_on.setdefault(leaf.name, name)
            if outline.split_of(other) != outline.split_of(name):
                message = f"{leaf.name} scores this target and {other}, which are scored on different splits"
                yield outline.source.problem(key, message, "give both the same in evaluation.splits")
                break


def _unscored_targets(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    evaluated = _evaluated(outline, catalogue)
    for key, name in outline.targets.items():
        if not _is_task(name, catalogue):
            continue
        task = catalogue.training_tasks[name]
        if kind_of(task).request is None:
            message = (
                f"a sequence cannot end with a task of kind {task.kind}, which no evaluation task scores"
            )
            remedy = "name it under intermediates, and a task of another kind here"
            yield outline.source.problem(key, message, remedy)
        elif not task.scored_by:
            own = outline.source.path.parent / "tasks"
            remedy = (
                f"choose another target, or copy {catalogue.training_task_files[name]} to {own} under a "
                "name of your own and give it a `scored_by`"
            )
            yield outline.source.problem(key, "no evaluation task can score this target", remedy)
        elif not any(leaf.name in evaluated for leaf in scoring_leaves(task, catalogue)):
            remedy = f"add one of these to evaluation.tasks: {listed(task.scored_by)}"
            yield outline.source.problem(
                key, "evaluation.tasks holds nothing that scores this target", remedy
            )


def _broken_zero_shot(outline: Outline, catalogue: Catalogue) -> Iterator[Problem]:
    evaluated = _evaluated(outline, catalogue)
    languages = {leaf.language for leaf in evaluated.values()} - {"en"}
    for key, name in outline.tasks.items():
        if not _is_task(name, catalogue):
            continue
        task = catalogue.training_tasks[name]
        if not kind_of(task).is_trained:
            continue
        file = catalogue.training_task_files[name]
        scored = [leaf for leaf in scoring_leaves(task, catalogue) if leaf.name in evaluated]
        # Other tasks' rows and running text say nothing of these labels, so they may be in any language.
        own = task.language in languages if key in outline.targets else False
        if own or task.language in {leaf.language for leaf in scored} - {"en"}:
            message = f"this task's rows are in '{task.language}', which is evaluated: not zero-shot any more"
            remedy = f"train on English rows ({file}), or leave '{task.language}' out of evaluation.tasks"
            yield outline.source.problem(key, message, remedy)
        for split in _splits_of(scored, outline, catalogue):
            if _trains_on(task, split):
                message = f"this task trains on the {split} split, which is evaluated"
                yield outline.source.problem(
                    key, message, f"give {file} the train split, or evaluate another"
                )


def _splits_of(leaves: Collection[EvaluationTask], outline: Outline, catalogue: Catalogue) -> list[str]:
    """Return the splits on which targets are scored by one of these evaluation tasks."""
    targets = [name for name in outline.targets.values() if _is_task(name, catalogue)]
    found = [
        outline.split_of(name)
        for name in targets
        if not set(leaves).isdisjoint(scoring_leaves(catalogue.training_tasks[name], catalogue))
    ]
    return list(dict.fromkeys(found))


def _trains_on(task: TrainingTask, split: str) -> bool:
    """Tell whether a source of the task is an evaluated split by its name (XTREME's files say `dev`)."""
    names = {split, "dev"} if split == "validation" else {split}
    return any(names & sources.split_names for sources in task.all_sources)


def _evaluated(outline: Outline, catalogue: Catalogue) -> dict[str, EvaluationTask]:
    known = [name for name in outline.evaluations.values() if name in catalogue.evaluation_names]
    return {leaf.name: leaf for name in known for leaf in catalogue.leaves(name)}


def scoring_leaves(task: TrainingTask, catalogue: Catalogue) -> tuple[EvaluationTask, ...]:
    """Return the leaf evaluation tasks whose labels mean the same as the training task's."""
    leaves = {leaf.name: leaf for scorer in task.scored_by for leaf in catalogue.leaves(scorer)}
    return tuple(leaves.values())


def _is_task(name: str, catalogue: Catalogue) -> bool:
    return name in catalogue.training_tasks

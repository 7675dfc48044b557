"""What a stage trains on, and with which settings."""

from dataclasses import dataclass

from harness.config.few_shot import FewShot
from harness.config.hyperparameters import Hyperparameters
from harness.config.load import LoadedSequence
from harness.config.mixture import Sampling
from harness.config.sequence_file import SequenceFile
from harness.kinds.registry import TrainingTask
from harness.planning.sampling import describe
from harness.planning.stage import Shots, Stage


@dataclass(frozen=True)
class StageMember:
    """One training task of a stage.

    Attributes:
        name: Name of its rows: the task's, or in a few-shot stage one that also says the language.
        settings: The stage's, but for `max_length` and `train_rows`, of which it may have its own.
    """

    name: str
    task: TrainingTask
    settings: Hyperparameters


@dataclass(frozen=True)
class StageContent:
    """What a stage trains on.

    Attributes:
        members: Its training tasks: one, or the several of a mixture.
        settings: The stage's settings.
        sampling: How often each member is drawn; it decides nothing where there is one.
    """

    members: tuple[StageMember, ...]
    settings: Hyperparameters
    sampling: Sampling


def stage_content(loaded: LoadedSequence, stage: Stage) -> StageContent:
    """Return what a stage of a sequence file trains on; nothing where it only scores the encoder."""
    spec = loaded.spec
    if not stage.is_trained:
        return StageContent((), spec.hyperparameters(stage.task), Sampling())
    if stage.shots is not None:
        name = few_shot_rows(spec, stage.task, stage.shots.language)
        settings = few_shot_settings(spec, stage.task, stage.shots)
        member = StageMember(name, few_shot_tasks(loaded)[name], settings)
        return StageContent((member,), settings, Sampling())
    settings, mixture = spec.hyperparameters(stage.task), spec.mixtures.get(stage.task)
    members = tuple(
        StageMember(name, task, spec.member_hyperparameters(stage.task, name) if mixture else settings)
        for name, task in loaded.members(stage.task).items()
    )
    return StageContent(members, settings, mixture.sampling if mixture else Sampling())


def row_names(spec: SequenceFile, stage: Stage) -> tuple[str, ...]:
    """Return the names of the rows that a stage trains on."""
    if not stage.is_trained:
        return ()
    if stage.shots is not None:
        return (few_shot_rows(spec, stage.task, stage.shots.language),)
    return spec.members(stage.task)


def few_shots(spec: SequenceFile) -> tuple[Shots, ...]:
    """Return the few-shot stages that follow each target stage."""
    few = spec.few_shot
    return tuple(Shots(k, language) for language in few.language for k in few.k) if few else ()


def few_shot_tasks(loaded: LoadedSequence) -> dict[str, TrainingTask]:
    """Return the rows that few-shot stages draw from: the targets' in other languages, by name."""
    few, tasks = loaded.spec.few_shot, dict[str, TrainingTask]()
    for target in loaded.spec.targets if few else ():
        for language in few.language if few else ():
            name = few_shot_rows(loaded.spec, target, language)
            tasks[name] = _in_language(loaded.tasks[target], language, few)
    return tasks


def few_shot_rows(spec: SequenceFile, target: str, language: str) -> str:
    """Return how the rows of a target in a language are called."""
    return f"{target} ({language}, {spec.few_shot.split if spec.few_shot else 'train'})"


def few_shot_settings(spec: SequenceFile, target: str, shots: Shots) -> Hyperparameters:
    """Return the settings of a few-shot stage: the target's, its head, and k rows."""
    own = spec.few_shot.training if spec.few_shot else {}
    # Nothing of another language chooses weights but the rows that are trained on.
    fixed = {"train_rows": shots.k, "head": "reuse", "early_stopping": None}
    return spec.hyperparameters(target).overridden({**own, **fixed})


def _in_language(task: TrainingTask, language: str, few: FewShot | None) -> TrainingTask:
    others = task.other_languages
    sources = others.sources(language, few.split) if others and few else None
    assert sources is not None, f"{task.name} has no rows in {language}; spec.few_shot_checks refuses that"
    changes = {
        "language": language,
        "sources": sources,
        "further_sources": (),
        "held_out": None,
        "expected_rows": None,
        "other_languages": None,
    }
    return task.model_copy(update=changes)


def not_measured(loaded: LoadedSequence) -> dict[str, str]:
    """Return the tasks and mixtures whose forgetting cannot be measured, and why, where it is asked for."""
    spec, reasons = loaded.spec, dict[str, str]()
    for name in (*spec.intermediates, *spec.targets) if spec.forgetting else ():
        if name in spec.mixtures:
            reasons[name] = "the heads of a mixture are not measured"
        elif loaded.tasks[name].held_out is None:
            reasons[name] = (
                "its file names no held-out rows; write `held_out:` with a source, or with `share: 0.05` "
                "of its training rows"
            )
    return reasons


def shown_name(loaded: LoadedSequence, name: str) -> str:
    """Return a training task's or mixture's name, with the languages of its rows unless all are English."""
    languages = dict.fromkeys(task.language for task in loaded.members(name).values())
    return name if set(languages) == {"en"} else f"{name} [{', '.join(languages)}]"


def mixture_descriptions(loaded: LoadedSequence) -> dict[str, str]:
    """Return what each mixture of a sequence file holds, and how its tasks are drawn."""
    return {
        name: " + ".join(shown_name(loaded, task) for task in mixture.tasks)
        + f" ({describe(mixture.sampling)})"
        for name, mixture in loaded.spec.mixtures.items()
    }

"""Sequence files with all that they name; every problem of every file at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from harness.config.catalogue import Catalogue, find_sequence
from harness.config.contrasts import CONTRAST_TAGS
from harness.config.corpus import Corpus, check_corpus, is_corpus
from harness.config.deepspeed_agreement import agreement_problems
from harness.config.deepspeed_file import DeepSpeedFile, find_deepspeed
from harness.config.evaluation_task import EvaluationTask
from harness.config.executor_profile import (
    ExecutorProfile,
    check_executor_profile,
    executor_profiles,
    is_executor_profile,
)
from harness.config.model_family import is_path, located
from harness.config.orders import ORDER_SHAPES
from harness.config.outline import Outline
from harness.config.problem import MOST_SOUGHT, Problem, SpecError, listed
from harness.config.sequence_checks import scoring_leaves, sequence_problems
from harness.config.sequence_file import SequenceFile, Split
from harness.config.text_to_text_checks import text_to_text_problems
from harness.config.training_task_file import check_training_task, is_training_task
from harness.config.wording import own_message, read_model
from harness.config.yaml_source import YamlSource, read_yaml
from harness.kinds.registry import TrainingTask, kind_of
from harness.message_text import nearest
from harness.named_path import is_file, is_folder
from harness.resources import user_folder


@dataclass(frozen=True)
class LoadedSequence:
    """A sequence file whose every name has been resolved.

    Attributes:
        path: The file.
        tasks: Name -> training task, for intermediates, those of mixtures, and targets.
        corpora: Name -> corpus, of all that are known.
        evaluations: Target -> the leaf evaluation tasks that score it, in the order of the file.
        planned_seeds: How many seeds the file names, whichever are run.
    """

    path: Path
    spec: SequenceFile
    tasks: dict[str, TrainingTask]
    deepspeed: DeepSpeedFile
    corpora: Mapping[str, Corpus]
    evaluations: dict[str, tuple[EvaluationTask, ...]]
    planned_seeds: int

    @property
    def model(self) -> str:
        """The model; a folder by its absolute path, since the sequence file's paths are relative to it."""
        return located(self.spec.model, self.path.parent)

    @property
    def task_folders(self) -> tuple[Path, ...]:
        """The folder of tasks and corpora beside the file, if there is one."""
        folder = self.path.resolve().parent / "tasks"
        return (folder,) if folder.is_dir() else ()

    def data_folders(self, named: tuple[Path, ...]) -> tuple[Path, ...]:
        """Return where the files of tasks are looked for: below the data folders, then beside own tasks."""
        users = user_folder() / "tasks"
        return (*named, *self.task_folders, *([users] if users.is_dir() else []))

    @property
    def untrained(self) -> tuple[str, ...]:
        """The targets without training rows, which score the encoder as it is."""
        return tuple(name for name in self.spec.targets if not kind_of(self.tasks[name]).is_trained)

    @property
    def scored_splits(self) -> dict[EvaluationTask, Split]:
        """Each leaf evaluation task and the split of it that is scored, in the order of the targets."""
        splits = map(self.spec.evaluation.split_of, self.evaluations)
        return {
            leaf: split
            for leaves, split in zip(self.evaluations.values(), splits, strict=True)
            for leaf in leaves
        }

    def members(self, stage: str) -> dict[str, TrainingTask]:
        """Return the training tasks of a stage: those of a mixture, or the one that it is named after."""
        return {name: self.tasks[name] for name in self.spec.members(stage)}


def load_sequences(paths: Iterable[Path], catalogue: Catalogue | None = None) -> list[LoadedSequence]:
    """Read and check sequence files.

    Args:
        paths: The files.
        catalogue: What they can name; each file's own `tasks/` folder joins it.

    Raises:
        SpecError: all problems of all files.
    """
    known = catalogue or Catalogue.load()
    problems: list[Problem] = []
    loaded: list[LoadedSequence] = []
    for path in paths:
        try:
            loaded.append(check_sequence(read_yaml(path), known))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return loaded


def check_sequence(source: YamlSource, catalogue: Catalogue) -> LoadedSequence:
    """Return the sequence that a file holds.

    Raises:
        SpecError: all problems of the file, and those of the training tasks beside it.
    """
    known = catalogue.beside(source.path)
    problems: list[Problem] = []
    spec, deepspeed = None, None
    try:
        spec = read_model(source, SequenceFile, frozenset(ORDER_SHAPES) | CONTRAST_TAGS)
        problems += _override_problems(source, spec)
    except SpecError as error:
        problems += error.problems
    try:
        deepspeed = _deepspeed(source)
    except SpecError as error:
        problems += error.problems
    places = {problem.key for problem in problems}
    outline = Outline.of(source)
    beyond = (problem for problem in sequence_problems(outline, known) if problem.key not in places)
    problems += islice(beyond, MOST_SOUGHT)
    problems += _model_problems(source)
    problems += islice(text_to_text_problems(outline, known), MOST_SOUGHT)
    problems += known.problems
    if not problems and spec is not None and deepspeed is not None:
        problems += agreement_problems(deepspeed, spec.stage_settings())
    if problems or spec is None or deepspeed is None:
        raise SpecError(problems)
    names = [member for name in (*spec.intermediates, *spec.targets) for member in spec.members(name)]
    tasks = {name: known.training_tasks[name] for name in dict.fromkeys(names)}
    evaluations = {target: _evaluations(spec, tasks[target], known) for target in spec.targets}
    return LoadedSequence(source.path, spec, tasks, deepspeed, known.corpora, evaluations, len(spec.seeds))


def _evaluations(
    spec: SequenceFile, target: TrainingTask, catalogue: Catalogue
) -> tuple[EvaluationTask, ...]:
    wanted = [leaf for name in spec.evaluation.tasks for leaf in catalogue.leaves(name)]
    scoring = {leaf.name for leaf in scoring_leaves(target, catalogue)}
    return tuple(leaf for leaf in wanted if leaf.name in scoring)


def _override_problems(source: YamlSource, spec: SequenceFile) -> Iterator[Problem]:
    """Check that each task's settings fit together once they override the file's."""
    members = {member for mixture in spec.mixtures.values() for member in mixture.tasks}
    for task in spec.training.per_task:
        key = ("training", "per_task", task)
        if task in members and task not in (*spec.intermediates, *spec.targets):
            continue  # its settings never override the file's
        try:
            spec.hyperparameters(task)
        except ValidationError as error:
            for one in error.errors():
                yield source.problem(key, own_message(one["msg"]), "change one of the two")


def _deepspeed(source: YamlSource) -> DeepSpeedFile | None:
    data = source.data if isinstance(source.data, dict) else {}
    name = data.get("deepspeed", SequenceFile.model_fields["deepspeed"].default)
    if not isinstance(name, str) or not name:
        return None  # the model says so
    try:
        return find_deepspeed(name, source.path.parent)
    except SpecError as error:
        key = ("deepspeed",)
        # A file that is there has its own lines; a name that is not known stands in the sequence file.
        raise SpecError(
            problem if is_file(problem.file) else source.problem(key, problem.message, problem.remedy)
            for problem in error.problems
        ) from error


def _model_problems(source: YamlSource) -> Iterator[Problem]:
    data = source.data if isinstance(source.data, dict) else {}
    model = data.get("model")
    if isinstance(model, str) and model.startswith("embedded:"):
        from harness.embedded.encoder import EMBEDDED_ENCODERS

        known = [f"embedded:{name}" for name in EMBEDDED_ENCODERS]
        if model not in known:
            remedy = f"{nearest(model, known)}Name one of {listed(known)}, a hub id or a folder"
            yield source.problem(("model",), "there is no such embedded model", remedy)
    elif isinstance(model, str) and is_path(model):
        folder = Path(located(model, source.path.parent))
        if is_folder(folder):
            return
        elsewhere = Path(model).absolute()
        hint = f"write {elsewhere}, which is there; or " if is_folder(elsewhere) else ""
        remedy = f"{hint}name a folder from where this file lies, a hub id, or embedded:e5-small"
        yield source.problem(("model",), f"there is no such folder; looked for {folder}", remedy)


def _check_task(source: YamlSource, catalogue: Catalogue) -> TrainingTask:
    around = catalogue.around(source.path)
    try:
        return check_training_task(source, around.scorers)
    except SpecError as error:
        # A corpus that it names may be unknown because the corpus's own file has problems.
        beside = [one for one in around.evaluation.problems if one not in catalogue.evaluation.problems]
        raise SpecError([*error.problems, *beside]) from error


def check_files(
    names: Iterable[str],
) -> list[tuple[str, LoadedSequence | TrainingTask | Corpus | ExecutorProfile]]:
    """Read and check sequence files and executor profiles (by path or name), training tasks and corpora.

    An executor's own settings are left to it.

    Raises:
        SpecError: all problems of all files.
    """
    catalogue = Catalogue.load()
    problems: list[Problem] = []
    checked: list[tuple[str, LoadedSequence | TrainingTask | Corpus | ExecutorProfile]] = []
    profiles = executor_profiles()
    for name in names:
        try:
            source = read_yaml(profiles.get(name) or find_sequence(name))
            if is_executor_profile(source):
                checked.append((name, check_executor_profile(source)))
            elif is_corpus(source):
                checked.append((name, check_corpus(source)))
            elif is_training_task(source):
                checked.append((name, _check_task(source, catalogue)))
            else:
                checked.append((name, check_sequence(source, catalogue)))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return checked

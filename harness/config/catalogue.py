"""All that sequence files can name: training tasks, evaluation tasks, DeepSpeed files, sequences."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from harness.config.corpus import Corpus, is_corpus
from harness.config.deepspeed_file import deepspeed_files
from harness.config.evaluation_task import EvaluationTask, EvaluationTasks, is_lm_eval
from harness.config.problem import Problem, SpecError, listed
from harness.config.training_task_file import check_training_task
from harness.config.yaml_source import read_yaml
from harness.kinds.registry import TrainingTask, kind_of
from harness.message_text import nearest
from harness.named_path import is_file, is_folder
from harness.resources import shipped, user_folder


@dataclass(frozen=True)
class Catalogue:
    """What ships with xstilts, what the user added, and what lies beside a sequence file.

    Attributes:
        training_tasks: Name -> task; also the corpora of kinds without training, which are targets only.
        training_task_files: Name -> the file that defines it.
        evaluation: Corpora, evaluation tasks and their groups.
        deepspeed_files: Name -> file.
        sequence_files: Name -> file.
        problems: What is wrong with the files of tasks; what has problems is not in the catalogue.
    """

    training_tasks: dict[str, TrainingTask]
    training_task_files: dict[str, Path]
    evaluation: EvaluationTasks
    deepspeed_files: dict[str, Path]
    sequence_files: dict[str, Path]
    problems: tuple[Problem, ...]

    @classmethod
    def load(cls, extra_task_folders: Iterable[Path] = ()) -> Self:
        """Read the shipped files, the user's (`harness.resources.user_folder`), and extra task folders."""
        evaluation = EvaluationTasks().with_folder(shipped("tasks") / "evaluation")
        empty = cls({}, {}, evaluation, deepspeed_files(), sequence_files(), evaluation.problems)
        shipped_ones = empty._with_training([shipped("tasks") / "training"])
        return shipped_ones._with_folders((user_folder() / "tasks", *extra_task_folders))

    def beside(self, sequence_file: Path) -> Self:
        """Return the catalogue with the tasks and corpora of the folder `tasks/` beside a sequence file."""
        folder = sequence_file.parent / "tasks"
        return self._with_folders([folder]) if folder.is_dir() else self

    def around(self, task_file: Path) -> Self:
        """Return the catalogue with the corpora that lie with a task's file in a folder `tasks/`."""
        if task_file.resolve().parent.name != "tasks":
            return self
        return replace(self, evaluation=self.evaluation.with_folder(task_file.parent))

    def leaves(self, name: str) -> tuple[EvaluationTask, ...]:
        """Return the leaf tasks of an evaluation task or group, English first.

        Raises:
            KeyError: there is no such evaluation task.
        """
        leaves, groups = self.evaluation.leaves, self.evaluation.groups
        return tuple(leaves[leaf] for leaf in groups[name].tasks) if name in groups else (leaves[name],)

    @property
    def evaluation_names(self) -> tuple[str, ...]:
        """The names of all evaluation groups and tasks."""
        return (*self.evaluation.groups, *self.evaluation.leaves)

    @property
    def scorers(self) -> dict[str, tuple[EvaluationTask, ...]]:
        """Evaluation group or task -> its leaf tasks."""
        return {name: self.leaves(name) for name in self.evaluation_names}

    @property
    def corpora(self) -> Mapping[str, Corpus]:
        """Name -> corpus."""
        return self.evaluation.corpora

    def _with_folders(self, folders: Iterable[Path]) -> Self:
        """Add what lies in folders in which training tasks, corpora and tasks of lm-eval lie together."""
        folders = [folder for folder in folders if folder.is_dir()]
        evaluation = self.evaluation
        for folder in folders:
            evaluation = evaluation.with_folder(folder)
        problems = tuple(dict.fromkeys((*self.problems, *evaluation.problems)))
        return replace(self, evaluation=evaluation, problems=problems)._with_training(folders)

    def _with_training(self, folders: Iterable[Path]) -> Self:
        tasks, files = dict(self.training_tasks), dict(self.training_task_files)
        problems, scorers = list(self.problems), self.scorers
        for path in _yaml_files(folders):
            if path in files.values():
                continue
            try:
                source = read_yaml(path, any_tags=True)
                if is_corpus(source) or is_lm_eval(source):
                    continue
                source = read_yaml(path)
            except SpecError as error:
                problems += error.problems
                continue
            taken = files.get(path.stem)
            if taken is not None:
                message = f"the name {path.stem!r} is taken by {taken}"
                remedy = "give the task and its file another name"
                problems.append(Problem(path, None, "name", "", message, remedy))
                continue
            files[path.stem] = path
            try:
                tasks[path.stem] = check_training_task(source, scorers)
            except SpecError as error:
                problems += error.problems
        for corpus in self.corpora.values():
            if not kind_of(corpus.task).is_trained and corpus.name not in files:
                tasks[corpus.name] = corpus.task.model_copy(update={"scored_by": (corpus.task_prefix,)})
                files[corpus.name] = corpus.path
        return replace(
            self, training_tasks=tasks, training_task_files=files, problems=tuple(dict.fromkeys(problems))
        )


def _yaml_files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))


def sequence_files() -> dict[str, Path]:
    """Return the shipped and the registered sequence files by name; a shipped one keeps its name."""
    folders = (shipped("sequences"), user_folder() / "sequences")
    files: dict[str, Path] = {}
    for path in _yaml_files(folders):
        files.setdefault(path.stem, path)
    return files


def find_sequence(name: str | Path) -> Path:
    """Return the sequence file of a path, or of the name of a shipped or registered sequence.

    Raises:
        SpecError: there is neither a file nor a known sequence of that name.
    """
    path = Path(name)
    if is_file(path):
        return path
    known = sequence_files()
    if str(name) in known:
        return known[str(name)]
    hint = nearest(path.stem, known)
    what = "this is a folder" if is_folder(path) else "there is no such file, and no sequence of this name"
    remedy = f"{hint}Name a file, or one of {listed(known)}"
    raise SpecError([Problem(path, None, "", "", what, remedy)])

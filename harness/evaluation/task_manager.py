"""lm-eval's task manager with the tasks of xstilts and of the user in it."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Kind

from harness.config.evaluation_task import EvaluationTasks
from harness.errors import UserError
from harness.evaluation.corpus_tasks import lm_eval_entries
from harness.evaluation.groups import with_right_average
from harness.resources import evaluation_folders


class UnknownEvaluationTaskError(UserError):
    """No evaluation task has this name, or its file could not be read."""


class EvaluationTaskManager(TaskManager):  # type: ignore[misc]  # lm_eval has no types
    """Knows the shipped evaluation tasks, the user's, and those that are asked for besides.

    Groups come back with the averages that their files ask for (`harness.evaluation.groups`).
    """

    def __init__(
        self,
        verbosity: str | None = None,
        include_path: str | Path | list[str | Path] | None = None,
        include_defaults: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Index the task files; the parameters are lm-eval's."""
        given = [include_path] if isinstance(include_path, str | Path) else list(include_path or [])
        further = [Path(folder) for folder in given]
        folders = evaluation_folders(further)
        metadata = {**(metadata or {}), "task_folders": [str(folder) for folder in further]}
        super().__init__(verbosity, [str(folder) for folder in folders], include_defaults, metadata)
        self._add_corpora(folders)

    def _add_corpora(self, folders: Iterable[Path]) -> None:
        """Add the tasks of corpora that no file defines for lm-eval."""
        known = EvaluationTasks()
        for folder in folders:
            known = known.with_folder(folder)
        for corpus in known.corpora.values():
            for entry in lm_eval_entries(corpus):
                self._index.setdefault(entry.name, entry)
        self._all_tasks = sorted(self._index)
        self._all_groups = sorted(name for name, entry in self._index.items() if entry.kind is Kind.GROUP)
        self._all_subtasks = sorted(name for name, entry in self._index.items() if entry.kind is Kind.TASK)

    def load(self, task_list: Any) -> dict[str, Any]:
        """Load tasks and groups by name, as lm-eval does; a task beside its group comes with the group."""
        if not isinstance(task_list, str) and all(isinstance(name, str) for name in task_list):
            task_list = self._without_members(list(dict.fromkeys(task_list)))
        loaded: dict[str, Any] = super().load(task_list)
        groups, tasks = loaded.get("groups", {}), loaded["tasks"]
        inner = {name for group in groups.values() for name in group.child_names}
        outer = [with_right_average(group) for name, group in groups.items() if name not in inner]
        alone = [task for name, task in tasks.items() if name not in inner]
        again: dict[str, Any] = super().load([*outer, *alone])
        # In the order in which they were asked for.
        return again | {"tasks": {name: again["tasks"][name] for name in tasks}}

    def leaves(self, name: str) -> tuple[str, ...]:
        """Return the names of the leaf tasks of a task or group.

        Raises:
            UnknownEvaluationTaskError: there is no such task; broken files are left out by lm-eval.
        """
        entry = self.task_index.get(name)
        if entry is None:
            near = get_close_matches(name, self.all_tasks, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UnknownEvaluationTaskError(
                f"evaluation task {name!r} is unknown, or its file can't be read.{hint} "
                f"Looked in {', '.join(map(str, self.include_path))}."
            )
        if name not in self.all_groups:
            return (name,)
        return tuple(leaf for member in entry.cfg["task"] for leaf in self.leaves(member))

    def _without_members(self, names: list[str]) -> list[str]:
        """Return names without those that stand in a group among them; lm-eval refuses both together."""
        groups = {name: set(self._names_in(name)) for name in names if name in self.all_groups}
        inner = set[str]().union(*groups.values())
        return [name for name in names if name not in inner]

    def _names_in(self, group: str) -> Iterator[str]:
        """Yield the names of the tasks and groups in a group, however deep."""
        for member in self.task_index[group].cfg.get("task", ()):
            if isinstance(member, str):
                yield member
                if member in self.all_groups:
                    yield from self._names_in(member)

    def within(self, tasks: Sequence[str]) -> list[str]:
        """Return names that load exactly these leaf tasks: the widest groups, then the rest."""
        chosen: list[str] = []
        left = set(tasks)
        for group in sorted(self.all_groups, key=lambda group: -len(self.leaves(group))):
            leaves = set(self.leaves(group))
            if leaves <= left:
                chosen.append(group)
                left -= leaves
        return chosen + [task for task in dict.fromkeys(tasks) if task in left]

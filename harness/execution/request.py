"""A step as a file that any process can carry out, wherever it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.atomic_write import atomic_write
from harness.cost.resources import Resources
from harness.data.location import DataFolders, as_folders
from harness.execution.steps import AnyStep
from harness.frozen_model import FrozenModel
from harness.resources import cache_folder, shipped, user_folder


@dataclass(frozen=True)
class Roots:
    """Where a process finds what steps name by relative paths.

    Attributes:
        store: Folder of the store.
        data: Folders with local data, of which the first that has a file counts.
    """

    store: Path
    data: tuple[Path, ...] = ()

    @classmethod
    def here(cls, store: Path, data: DataFolders) -> "Roots":
        """Return the roots of this process."""
        return cls(store.absolute(), tuple(folder.absolute() for folder in as_folders(data)))

    def portable(self, name: str) -> str:
        """Return a path below a root as `{root}/…`; other names, and paths below none, as they are."""
        for root, folder in self._named() if Path(name).is_absolute() else ():
            if Path(name).is_relative_to(folder):
                return f"{{{root}}}/{Path(name).relative_to(folder).as_posix()}"
        return name

    def located(self, name: str) -> str:
        """Return the path of this process that `portable` wrote elsewhere."""
        root, _, rest = name.partition("/")
        found = [folder / rest for known, folder in self._named() if root == f"{{{known}}}"]
        there = [path for path in found if path.exists()]
        return str((there or found)[0]) if found else name

    def _named(self) -> tuple[tuple[str, Path], ...]:
        """Return the roots that every process has, and the folders with data."""
        return (
            ("store", self.store),
            ("shipped", shipped("tasks").parent),
            ("user", user_folder().absolute()),
            ("cache", cache_folder().absolute()),
            *(("data", folder) for folder in self.data),
        )


class StepRequest(FrozenModel):
    """Carry a step out.

    Attributes:
        attempt: Identity of this attempt, unlike any other of the store; its owner's file names it.
        label: What people call the step.
        data_dir: Folders with local data where the run was started; a process may have others.
        resume_every: Seconds of training between two resume points.
        stop_seconds: How long a process may take to end after it was asked to.
        stall_seconds: A process that has done no optimizer step for so long is ended.
        lost: Earlier attempts whose processes are known to have ended.
    """

    attempt: str
    label: str
    step: Annotated[AnyStep, Field(discriminator="kind")]
    resources: Resources = Resources()
    data_dir: DataFolders = None
    resume_every: float = 60.0
    stop_seconds: float = 20.0
    stall_seconds: float = 600.0
    lost: tuple[str, ...] = ()

    def write(self, path: Path, roots: Roots) -> None:
        """Write the request so that a process with other roots can read it."""
        everywhere = Roots(roots.store)
        folders = tuple(Path(everywhere.portable(str(folder))) for folder in roots.data)
        portable = {"step": self.step.moved(roots.portable), "data_dir": folders}
        with atomic_write(path) as draft:
            draft.write_text(self.model_copy(update=portable).model_dump_json(), encoding="utf-8")

    @classmethod
    def read(cls, path: Path, store: Path, data_dir: DataFolders) -> "StepRequest":
        """Read a request as it is to be carried out here.

        Args:
            path: The file.
            store: Folder of the store.
            data_dir: Folders with local data of this machine; those of the run come after them.
        """
        request = cls.model_validate_json(path.read_bytes())
        everywhere = Roots.here(store, ())
        named = (Path(everywhere.located(str(folder))) for folder in as_folders(request.data_dir))
        roots = Roots.here(store, tuple(dict.fromkeys((*as_folders(data_dir), *named))))
        located = {"step": request.step.moved(roots.located), "data_dir": roots.data or None}
        return request.model_copy(update=located)

"""Executor profiles: YAML files that say where the steps of a run are carried out, and with what."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.config.problem import Problem, SpecError, listed
from harness.config.wording import read_model
from harness.config.yaml_source import YamlSource, read_yaml
from harness.frozen_model import FrozenModel
from harness.kinds.sources import Name, Text
from harness.message_text import nearest
from harness.named_path import is_file, user_path
from harness.resources import shipped, user_folder

DEFAULT_PROFILE = "local"
_SUFFIXES = (".yaml", ".yml")


class ResourceSettings(FrozenModel):
    """Resources of a step that are set by hand; what is not set is estimated."""

    devices: Annotated[float, Field(ge=0, le=1024)] | None = Field(
        None, description="GPUs of each process; a fraction where several steps share one."
    )
    processes: Annotated[int, Field(ge=1, le=4096)] | None = Field(
        None, description="Training processes, over all nodes."
    )
    nodes: Annotated[int, Field(ge=1, le=1024)] | None = Field(None, description="Machines.")
    threads: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, description="CPU threads of each process."
    )
    memory_gb: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None, description="Main memory of each node, in gigabytes."
    )
    minutes: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None, description="Time limit; a step that needs longer goes on from its resume point."
    )


class ExecutorProfile(FrozenModel):
    """An executor with its settings."""

    executor: Name = Field(description="inline, local, slurm, ray, or what an installed package announces.")
    title: Text | None = Field(None, description="What it is for, in a line.")
    resources: ResourceSettings = Field(ResourceSettings(), description="Of every step.")
    evaluation: ResourceSettings = Field(ResourceSettings(), description="Of evaluations, where they differ.")
    per_task: dict[Name, ResourceSettings] = Field(
        {}, description="Training task or mixture -> resources of its stages, where they differ."
    )
    settings: dict[str, Any] = Field({}, description="The executor's own settings.")

    def resources_of(self, task: str, *, evaluates: bool) -> ResourceSettings:
        """Return what is set for a step: what is said of its task goes before what is said of all."""
        parts = [self.resources, self.evaluation if evaluates else self.per_task.get(task)]
        found: dict[str, Any] = {}
        for part in parts:
            found |= part.model_dump(exclude_none=True) if part is not None else {}
        return ResourceSettings.model_validate(found)


LOCAL = ExecutorProfile(executor="local")


def is_executor_profile(source: YamlSource) -> bool:
    """Tell whether a file means to be an executor profile."""
    return isinstance(source.data, dict) and "executor" in source.data and "targets" not in source.data


def check_executor_profile(source: YamlSource) -> ExecutorProfile:
    """Return the profile that a file holds; the executor's own settings are checked by the executor.

    Raises:
        SpecError: all problems of the file.
    """
    return read_model(source, ExecutorProfile)


def executor_profiles() -> dict[str, Path]:
    """Return the shipped and the user's profiles by name; a shipped one keeps its name."""
    found: dict[str, Path] = {}
    for folder in (shipped("executors"), user_folder() / "executors"):
        for path in sorted(folder.glob("*")):
            if path.suffix in _SUFFIXES:
                found.setdefault(path.stem, path)
    return found


def find_executor_profile(name: str) -> Path:
    """Return the file of a profile: a path, or the name of a shipped profile or one of the user's.

    Raises:
        SpecError: there is none.
    """
    path, known = user_path(name), executor_profiles()
    if path.suffix in _SUFFIXES and is_file(path):
        return path
    if name in known:
        return known[name]
    remedy = f"{nearest(name, known)}Name one of {listed(known)}, or the path of a profile (*.yaml)"
    raise SpecError([Problem(path, None, "", "", "there is no executor profile of this name", remedy)])


def read_executor_profile(name: str) -> ExecutorProfile:
    """Find and read a profile.

    Raises:
        SpecError: there is none, or it has problems.
    """
    return check_executor_profile(read_yaml(find_executor_profile(name)))

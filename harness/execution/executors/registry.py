"""The executors by name: those beside this file, and those of other distributions."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from harness.config.executor_profile import (
    DEFAULT_PROFILE,
    ExecutorProfile,
    check_executor_profile,
    find_executor_profile,
)
from harness.config.problem import SpecError, listed
from harness.config.wording import own_message
from harness.config.yaml_source import YamlSource, read_yaml
from harness.cost.resources import Resources
from harness.errors import UserError
from harness.execution.executors.base import Executor, ExecutorKind, RunContext
from harness.message_text import nearest
from harness.registry import Registry


class NoScriptError(UserError):
    """There is no script for what is asked."""


ENTRY_POINTS = "xstilts.executors"

EXECUTORS: Registry[ExecutorKind[Any]] = Registry(
    ExecutorKind,
    "executor",
    ENTRY_POINTS,
    {
        "inline": "harness.execution.executors.inline:KIND",
        "local": "harness.execution.executors.local:KIND",
        "ray": "harness.execution.executors.ray:KIND",
        "slurm": "harness.execution.executors.slurm:KIND",
    },
)


def check_profile(source: YamlSource) -> ExecutorProfile:
    """Return the profile that a file holds, whose executor exists and takes its settings.

    Raises:
        SpecError: all problems of the file.
        BrokenEntryPointError: another distribution announces the executor, but it cannot be imported.
    """
    profile = check_executor_profile(source)
    known = EXECUTORS.names()
    if profile.executor not in known:
        remedy = f"{nearest(profile.executor, known)}Write one of {listed(known)}, or install its package"
        raise SpecError([source.problem(("executor",), "there is no such executor", remedy)])
    model = EXECUTORS.get(profile.executor).settings
    try:
        model.model_validate(profile.settings)
    except ValidationError as error:
        raise SpecError(
            source.problem(
                tuple(
                    part for part in ("settings", *one["loc"]) if _stands(source, ("settings", *one["loc"]))
                ),
                f"{'.'.join(map(str, one['loc']))}: {own_message(one['msg'])}",
                f"the settings of {profile.executor} are {listed(model.model_fields) or 'none'}",
            )
            for one in error.errors(include_url=False)
        ) from error
    return profile


def read_profile(name: str) -> ExecutorProfile:
    """Find, read and check a profile by name or path.

    Raises:
        SpecError: there is none, or it has problems.
    """
    return check_profile(read_yaml(find_executor_profile(name)))


def make_executor(profile: ExecutorProfile, context: RunContext) -> Executor:
    """Return the executor of a profile for a run."""
    kind = EXECUTORS.get(profile.executor)
    return kind.create(kind.settings.model_validate(profile.settings), context)


def write_script(
    profile: ExecutorProfile, name: str, runs: int, options: Sequence[str], resources: Resources
) -> str:
    """Return the script of an array of runs that share a plan, for those who may only submit scripts.

    Args:
        profile: Of the executor that is to take the script.
        name: Of the job.
        runs: How many share the plan.
        options: Of `xstilts`, apart from where the steps are carried out.
        resources: Of each step.

    Raises:
        NoScriptError: the executor takes no scripts, or the steps are not those of one node.
    """
    kind = EXECUTORS.get(profile.executor)
    if kind.script is None:
        raise NoScriptError(
            f"--print-script: the executor {profile.executor} takes no scripts; name a profile of slurm"
        )
    if resources.nodes > 1:
        raise NoScriptError(
            f"--print-script: its runs keep to one node each, and the profile has resources.nodes: "
            f"{resources.nodes}; set nodes: 1, or leave --print-script out"
        )
    settings = kind.settings.model_validate(profile.settings)
    words = [*options, "--executor", DEFAULT_PROFILE, "--workers", "1"]
    return kind.script(settings, name, runs, words, resources)


def _stands(source: YamlSource, key: tuple[str | int, ...]) -> bool:
    return key in source.lines

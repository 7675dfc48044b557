"""Registered sequence files: copies in the user's folder, known by name everywhere."""

from pathlib import Path

from harness.atomic_write import atomic_write
from harness.config.catalogue import Catalogue
from harness.config.deepspeed_file import deepspeed_files
from harness.config.load import LoadedSequence
from harness.config.problem import listed
from harness.errors import UserError
from harness.named_path import user_path
from harness.resources import shipped, user_folder


class NameTakenError(UserError):
    """A sequence of this name exists already."""


class NotSelfContainedError(UserError):
    """The sequence file needs files that would not go with it."""


def register(loaded: LoadedSequence, *, force: bool = False) -> Path:
    """Copy a sequence file into the user's folder, whole or not at all; return the copy.

    Raises:
        NameTakenError: the name is a shipped sequence's, or is registered and `force` is not given.
        NotSelfContainedError: it names a task or file that is found only from where the file lies now.
    """
    name = loaded.spec.name
    if (shipped("sequences") / f"{name}.yaml").exists():
        raise NameTakenError(
            f"{loaded.path}: name: {name!r} is the name of a sequence that ships with xstilts; choose another"
        )
    target = user_folder() / "sequences" / f"{name}.yaml"
    if target.exists() and not force:
        raise NameTakenError(
            f"{target} exists already; give --force to replace it, or change `name:` in {loaded.path}"
        )
    _require_self_contained(loaded)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as draft:
        draft.write_bytes(loaded.path.read_bytes())
    return target


def _require_self_contained(loaded: LoadedSequence) -> None:
    spec = loaded.spec
    known = Catalogue.load()
    elsewhere = [name for name in loaded.tasks if name not in known.training_tasks]
    leaves = dict.fromkeys(leaf for leaves in loaded.evaluations.values() for leaf in leaves)
    elsewhere += [leaf.name for leaf in leaves if leaf.name not in known.evaluation.leaves]
    if elsewhere:
        raise NotSelfContainedError(
            f"{loaded.path}: the tasks {listed(elsewhere)} lie beside this file; its copy would not find "
            f"them; move them from {loaded.path.parent / 'tasks'} to {user_folder() / 'tasks'} first"
        )
    relative = user_path(spec.deepspeed)
    if spec.deepspeed not in deepspeed_files() and not relative.is_absolute():
        raise NotSelfContainedError(
            f"{loaded.path}: deepspeed: {spec.deepspeed!r} is relative to this file; "
            f"write {loaded.deepspeed.path.resolve()}"
        )
    if loaded.model != spec.model and not user_path(spec.model).is_absolute():
        raise NotSelfContainedError(
            f"{loaded.path}: model: {spec.model!r} is relative to this file; write {loaded.model}"
        )

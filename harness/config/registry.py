"""Registered sequence files: copies in the user's folder, known by name everywhere."""

from pathlib import Path

from harness.atomic_write import atomic_write
from harness.config.catalogue import Catalogue
from harness.config.deepspeed_file import deepspeed_files
from harness.config.load import LoadedSequence
from harness.config.problem import listed
from harness.errors import UserError
from harness.frozen_model import FrozenModel
from harness.named_path import is_file, user_path
from harness.resources import shipped, user_folder


class NameTakenError(UserError):
    """A sequence of this name exists already."""


class NotRegisteredError(UserError):
    """No registered sequence has this name."""


class Origin(FrozenModel):
    """Where a registered sequence was copied from."""

    file: Path


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
    origin_file = Origin(file=loaded.path.resolve())
    lock = lock_beside(loaded.path, name)
    for source, copy in ((loaded.path, target), (lock, lock_beside(target, name))):
        if source.exists():
            with atomic_write(copy) as draft:
                draft.write_bytes(source.read_bytes())
        else:
            copy.unlink(missing_ok=True)
    with atomic_write(_origin_path(target)) as draft:
        draft.write_text(origin_file.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return target


def unregister(name: str) -> Path:
    """Remove a registered sequence, its lock and the note of where it came from; return where it lay.

    Raises:
        NotRegisteredError: there is no registered sequence of this name.
    """
    copy = registered_copy(name)
    for path in (copy, lock_beside(copy, name), _origin_path(copy)):
        path.unlink(missing_ok=True)
    return copy


def registered_copy(name: str) -> Path:
    """Return the registered file of a name.

    Raises:
        NotRegisteredError: there is none.
    """
    folder = user_folder() / "sequences"
    copy = folder / f"{name}.yaml"
    if name not in (known := sorted(path.stem for path in folder.glob("*.yaml"))):
        raise NotRegisteredError(f"{name}: no registered sequence; there are {listed(known)}")
    return copy


def origin(copy: Path) -> Path | None:
    """Return the file that a registered sequence was copied from; None of others."""
    path = _origin_path(copy)
    if copy.parent != user_folder() / "sequences" or not path.is_file():
        return None
    return Origin.model_validate_json(path.read_text(encoding="utf-8")).file


def stale_copy(path: Path) -> str | None:
    """Return a warning where a sequence file is a registered copy whose original was changed since."""
    source = origin(path)
    if source is None or not is_file(source) or source.read_bytes() == path.read_bytes():
        return None
    return (
        f"{path.stem} is a registered copy; {source}, which it was copied from, was changed since. See the "
        f"changes: xstilts diff {path.stem}; take them over: xstilts register {source} --force"
    )


def lock_beside(sequence_file: Path, name: str) -> Path:
    """Return the place of a sequence's lock: `NAME.lock.json` beside its file, whatever that is called."""
    return sequence_file.with_name(f"{name}.lock.json")


def _origin_path(copy: Path) -> Path:
    return copy.with_name(f"{copy.stem}.origin.json")


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

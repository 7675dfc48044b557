"""The files that an experiment is described by, kept with its leaderboard."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from harness.config.deepspeed_file import DeepSpeedFile, read_deepspeed
from harness.config.load import LoadedSequence
from harness.config.model_family import located
from harness.config.registry import lock_beside
from harness.config.yaml_source import parse_yaml
from harness.frozen_model import FrozenModel
from harness.resources import user_folder

_DEEPSPEED = "deepspeed.json"


class KeptFiles(FrozenModel):
    """What was published with a leaderboard, so that editing or moving the files loses nothing."""

    name: str = Field(description="Name of the sequence.")
    sequence: str = Field(description="Text of the sequence file.")
    tasks: dict[str, str] = Field({}, description="Files of own tasks and corpora: name -> text.")
    deepspeed: str = Field(description="The DeepSpeed configuration that was used, as JSON.")
    lock: str | None = Field(None, description="Text of the sequence's lock, where there was one.")


def kept_files(loaded: LoadedSequence, deepspeed: Mapping[str, Any] | None = None) -> KeptFiles:
    """Read the files of a sequence: its own, those of own tasks that it names, and its lock.

    Args:
        loaded: The sequence file.
        deepspeed: The configuration that stages were really trained with, where that is known.
    """
    lock = lock_beside(loaded.path, loaded.spec.name)
    return KeptFiles(
        name=loaded.spec.name,
        sequence=loaded.path.read_text(encoding="utf-8"),
        tasks=dict(sorted(_own_files(loaded))),
        deepspeed=json.dumps(deepspeed or loaded.deepspeed.config, indent=2) + "\n",
        lock=lock.read_text(encoding="utf-8") if lock.is_file() else None,
    )


def unpack(kept: KeptFiles, folder: Path, origin: Path) -> tuple[Path, DeepSpeedFile]:
    """Write kept files into an empty folder; return the sequence file and the DeepSpeed configuration.

    The sequence file's own `deepspeed:` may name a file that is gone, so it names the kept one there. The
    folder of a model that is named from where the file lay is named as a whole.

    Args:
        kept: The files.
        folder: An empty folder.
        origin: Folder in which the sequence file lay.
    """
    sequence, deepspeed = folder / f"{kept.name}.yaml", folder / _DEEPSPEED
    text = _changed(kept.sequence, "deepspeed", lambda _: f"./{_DEEPSPEED}")
    text = _changed(text, "model", lambda model: json.dumps(located(model, origin)))
    files = {sequence: text, deepspeed: kept.deepspeed}
    files |= {folder / "tasks" / PurePosixPath(name).name: text for name, text in kept.tasks.items()}
    if kept.lock is not None:
        files[lock_beside(sequence, kept.name)] = kept.lock
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sequence, read_deepspeed(deepspeed, _DEEPSPEED)


def _changed(sequence: str, key: str, value: Callable[[str], str]) -> str:
    """Return a sequence file with another value of a key of one line, which is added where there is none."""
    data = parse_yaml(Path("kept.yaml"), sequence).data
    found = data.get(key) if isinstance(data, dict) else None
    line = f"{key}: {value(str(found))}"
    text, count = re.subn(rf"(?m)^{key}:.*$", lambda _: line, sequence, count=1)
    return text if count else f"{sequence.rstrip()}\n{line}\n"


def _own_files(loaded: LoadedSequence) -> Iterator[tuple[str, str]]:
    """Yield the files of tasks that lie beside the sequence file or in the user's folder."""
    leaves = [leaf for leaves in loaded.evaluations.values() for leaf in leaves]
    names = {*loaded.tasks, *loaded.spec.evaluation.tasks, *(leaf.name for leaf in leaves)}
    names |= {leaf.corpus.name for leaf in leaves}
    for folder in (*loaded.task_folders, user_folder() / "tasks"):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix in (".yaml", ".yml") and path.stem in names:
                yield path.name, path.read_text(encoding="utf-8")

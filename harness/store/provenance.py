"""What an entry was made with: package versions, commit, hardware."""

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.training.processor import processor

PACKAGES = (
    "xstilts",
    "torch",
    "transformers",
    "datasets",
    "deepspeed",
    "lm-eval",
    "tokenizers",
    "safetensors",
    "numpy",
)


class Environment(BaseModel):
    """The software and the machine.

    Attributes:
        commit: Commit of the xstilts checkout, None when installed from a wheel.
        dirty: Whether tracked files of that checkout were changed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    packages: dict[str, str]
    python: str
    commit: str | None
    dirty: bool | None
    hardware: str


@cache
def environment() -> Environment:
    """Describe this process's software and machine."""
    commit, dirty = _checkout(Path(__file__).resolve().parents[2])
    return Environment(
        packages={name: _version(name) for name in PACKAGES},
        python=platform.python_version(),
        commit=commit,
        dirty=dirty,
        hardware=f"{processor()}, {len(os.sched_getaffinity(0))} cores",
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _checkout(root: Path) -> tuple[str | None, bool | None]:
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None, None
    return commit, bool(changes)


def _git(root: Path, *arguments: str) -> str:
    run = subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True)
    return run.stdout.strip()

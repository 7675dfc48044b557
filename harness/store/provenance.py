"""What an entry was made with: package versions, commit, hardware."""

import os
import platform
import shutil
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.frozen_model import FrozenModel

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


class Environment(FrozenModel):
    """The software and the machine.

    Attributes:
        commit: Commit of the xstilts checkout, None when installed from a wheel.
        dirty: Whether tracked files of that checkout were changed.
    """

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
        hardware=", ".join([processor(), f"{len(os.sched_getaffinity(0))} cores", *gpu_names()]),
    )


def processor() -> str:
    """Return the processor's model name, or its architecture where the system does not tell the model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def gpu_names() -> tuple[str, ...]:
    """Return the names of the machine's kinds of NVIDIA GPUs, by its driver; none where they are hidden."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    if hidden or shutil.which("nvidia-smi") is None:
        return ()
    line = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        told = subprocess.run(line, check=True, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(dict.fromkeys(name.strip() for name in told.splitlines() if name.strip()))


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

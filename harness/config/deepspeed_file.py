"""A DeepSpeed configuration: how a stage is spread over devices and memory, never what it learns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config.deepspeed_checks import deepspeed_problems, is_enabled_monitor
from harness.config.deepspeed_keys import MONITORS
from harness.config.problem import Problem, SpecError, listed
from harness.config.yaml_source import Key, YamlSource, parse_yaml, read_text
from harness.message_text import nearest
from harness.named_path import is_file, user_path
from harness.resources import shipped


@dataclass(frozen=True)
class DeepSpeedFile:
    """A checked configuration.

    Attributes:
        name: The name under which it is known, or the path that the user wrote.
        path: The file.
        config: DeepSpeed's own format; `auto` where the sequence file decides.
        lines: Key path -> line of the file.
        monitors: The keys of the monitors that are enabled; apart from `config`, since they tell of a stage
            without being a part of it, and may hold a key to a user's account.
    """

    name: str
    path: Path
    config: dict[str, Any]
    lines: Mapping[Key, int] = field(default_factory=dict)
    monitors: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def zero_stage(self) -> int:
        """ZeRO level, 0 to 3."""
        return zero_stage(self.config)

    @property
    def offloads(self) -> bool:
        """Whether optimizer states or parameters lie in the host's memory or on disk."""
        zero = _zero(self.config)
        places = (zero.get("offload_optimizer"), zero.get("offload_param"))
        named = any(isinstance(place, Mapping) and place.get("device") in ("cpu", "nvme") for place in places)
        return named or zero.get("cpu_offload") is True or zero.get("cpu_offload_param") is True


def zero_stage(config: Mapping[str, Any]) -> int:
    """Return the ZeRO level of a DeepSpeed configuration; `auto` and nothing mean DeepSpeed's default, 0."""
    stage = _zero(config).get("stage")
    return stage if isinstance(stage, int) else 0


def without_autos(value: Any) -> Any:
    """Return what a configuration fixes: without `auto`, null, and objects of nothing else."""
    if not isinstance(value, dict):
        return value
    kept = {key: without_autos(inner) for key, inner in value.items() if inner not in ("auto", None)}
    return {key: inner for key, inner in kept.items() if inner != {}}


def _zero(config: Mapping[str, Any]) -> Mapping[str, Any]:
    zero = config.get("zero_optimization")
    return zero if isinstance(zero, Mapping) else {}


def deepspeed_files() -> dict[str, Path]:
    """Return the shipped configurations by name."""
    return {path.stem: path for path in sorted(shipped("deepspeed_configs").glob("*.json"))}


def find_deepspeed(name: str, folder: Path | None = None) -> DeepSpeedFile:
    """Return the configuration of a known name, or of a file.

    Args:
        name: Name such as `zero2`, or a path that ends in `.json`.
        folder: Where a relative path begins; default: the current folder.

    Raises:
        SpecError: there is none, or it has problems.
    """
    known = deepspeed_files()
    if name in known:
        return read_deepspeed(known[name], name)
    path = (folder or Path()) / user_path(name)
    if path.suffix == ".json" and is_file(path):
        return read_deepspeed(path, name)
    if path.suffix == ".json":
        remedy = (
            f"check the path (relative to {folder or 'the current folder'}), or name one of {listed(known)}"
        )
        raise SpecError([Problem(path, None, "", "", "there is no such DeepSpeed file", remedy)])
    remedy = f"{nearest(name, known)}Name one of {listed(known)}, or the path of a DeepSpeed file (*.json)"
    raise SpecError([Problem(Path(name), None, "", "", "there is no DeepSpeed file of this name", remedy)])


def read_deepspeed(path: Path, name: str) -> DeepSpeedFile:
    """Read and check one configuration.

    Raises:
        SpecError: not JSON, or with keys that DeepSpeed does not know, that would change results without
            entering a stage's digest, or that ask for something that this machine lacks.
    """
    source = _read_json(path)
    problems = [*source.problems, *deepspeed_problems(source)]
    if problems:
        raise SpecError(problems)
    config = {key: value for key, value in source.data.items() if key not in MONITORS}
    monitors = {
        key: without_autos(value) for key, value in source.data.items() if is_enabled_monitor(key, value)
    }
    return DeepSpeedFile(name, path, config, source.lines, monitors)


def _read_json(path: Path) -> YamlSource:
    text = read_text(path)
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        line, message = None, "nested too deep"
        if isinstance(error, json.JSONDecodeError):
            line, message = error.lineno, error.msg
        elif isinstance(error, ValueError):
            message = str(error)
        remedy = (
            "write DeepSpeed's JSON format: double quotes, no comments, no comma before a closing bracket"
        )
        raise SpecError([Problem(path, line, "", "", f"not valid JSON: {message}", remedy)]) from error
    # JSON is YAML once its tabs, which stand only between values, are blanks: so keys get their lines.
    return parse_yaml(path, text.replace("\t", " "))

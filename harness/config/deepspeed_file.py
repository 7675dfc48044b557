"""A DeepSpeed configuration: how a stage is spread over devices and memory, never what it learns."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config.problem import Problem, SpecError, listed, shown
from harness.config.yaml_source import Key, YamlSource, parse_yaml, read_text
from harness.message_text import nearest
from harness.named_path import is_file, user_path
from harness.resources import shipped

AUTO = "auto"

# DeepSpeed's key -> the key of a sequence file that says it; a stage's digest is made of the latter.
OWNED = {
    "train_batch_size": "training.batch_size",
    "train_micro_batch_size_per_gpu": "training.batch_size and training.accumulation",
    "gradient_accumulation_steps": "training.accumulation",
    "gradient_clipping": "training.max_grad_norm",
    "optimizer": "training.learning_rate and training.weight_decay",
    "scheduler": "training.warmup_ratio",
    "fp16": "training.precision",
    "bf16": "training.precision",
    "torch_autocast": "training.precision",
    "amp": "training.precision",
}
# They would change the weights without entering a stage's digest.
_CHANGE_RESULTS = frozenset(
    (
        "compression_training",
        "curriculum_learning",
        "data_efficiency",
        "elasticity",
        "eigenvalue",
        "progressive_layer_drop",
        "quantize_training",
        "weight_quantization",
        "hybrid_engine",
    )
)
_CHANGE_RESULTS_ZERO = frozenset(
    ("zero_quantized_weights", "zero_quantized_nontrainable_weights", "zero_quantized_gradients", "zenflow")
)
# Top-level keys of DeepSpeed 0.19 (https://www.deepspeed.ai/docs/config-json/), which ignores unknown ones.
_KNOWN = frozenset(
    (
        *OWNED,
        *_CHANGE_RESULTS,
        "activation_checkpointing",
        "aio",
        "checkpoint",
        "comet",
        "comms_logger",
        "communication_data_type",
        "compile",
        "csv_monitor",
        "data_types",
        "disable_allgather",
        "disable_python_gc",
        "dump_state",
        "flops_profiler",
        "gradient_allreduce_op",
        "gradient_predivide_factor",
        "log_level",
        "managed_gradient_accumulation",
        "memory_breakdown",
        "prescale_gradients",
        "steps_per_print",
        "tensorboard",
        "timers",
        "wall_clock_breakdown",
        "wandb",
        "zero_allow_untested_optimizer",
        "zero_force_ds_cpu_optimizer",
        "zero_optimization",
    )
)
_DEVICES = ("none", "cpu", "nvme")


@dataclass(frozen=True)
class DeepSpeedFile:
    """A checked configuration.

    Attributes:
        name: The name under which it is known, or the path that the user wrote.
        path: The file.
        config: DeepSpeed's own format; `auto` where the sequence file decides.
    """

    name: str
    path: Path
    config: dict[str, Any]

    @property
    def zero_stage(self) -> int:
        """ZeRO level, 0 to 3."""
        return int(self.config.get("zero_optimization", {}).get("stage", 0))

    @property
    def offloads(self) -> bool:
        """Whether optimizer states or parameters lie in the host's memory or on disk."""
        zero = self.config.get("zero_optimization", {})
        places = (zero.get("offload_optimizer"), zero.get("offload_param"))
        return any(place and place.get("device", "none") != "none" for place in places)


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
        SpecError: not JSON, or with keys that the sequence file owns, that DeepSpeed does not know, or that
            would change results without entering a stage's identity.
    """
    source = _read_json(path)
    problems = [*source.problems, *_problems(source)]
    if problems:
        raise SpecError(problems)
    return DeepSpeedFile(name, path, source.data)


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


def _problems(source: YamlSource) -> Iterator[Problem]:
    if not isinstance(source.data, dict):
        remedy = 'write {"zero_optimization": {"stage": 2}} or the like'
        yield source.problem((), "the file must be a JSON object", remedy)
        return
    for key, value in source.data.items():
        if key in OWNED and not _is_auto(value):
            remedy = f'remove it, or write {key!r}: "auto"; set {OWNED[key]} in the sequence file instead'
            yield source.problem((key,), "the sequence file decides this", remedy)
        elif key in _CHANGE_RESULTS:
            yield _changes_results(source, (key,))
        elif key not in _KNOWN:
            remedy = f"{nearest(key, _KNOWN)}Remove it; allowed: {listed(sorted(_KNOWN - _CHANGE_RESULTS))}"
            yield source.problem((key,), "DeepSpeed knows no such key and would ignore it", remedy)
    yield from _zero_problems(source)


def _is_auto(value: object) -> bool:
    """Tell whether all that a value sets is `auto`."""
    if isinstance(value, dict):
        return all(_is_auto(inner) for inner in value.values())
    return value == AUTO


def _changes_results(source: YamlSource, key: Key) -> Problem:
    message = "this changes what a stage learns, but would not enter its identity"
    return source.problem(key, message, "remove it")


def _zero_problems(source: YamlSource) -> Iterable[Problem]:
    zero = source.data.get("zero_optimization", {})
    top: Key = ("zero_optimization",)
    if not isinstance(zero, Mapping):
        yield source.problem(top, "an object is allowed here", 'write {"stage": 2} or the like')
        return
    stage = zero.get("stage", 0)
    if isinstance(stage, bool) or stage not in (0, 1, 2, 3):
        yield source.problem((*top, "stage"), "a ZeRO level is allowed here", "write 0, 1, 2 or 3")
    yield from (
        _changes_results(source, (*top, key)) for key in zero if key in _CHANGE_RESULTS_ZERO and zero[key]
    )
    for key in ("offload_optimizer", "offload_param"):
        place = zero.get(key)
        device = place.get("device", "none") if isinstance(place, Mapping) else place
        if place is not None and device not in _DEVICES:
            remedy = 'write {"device": "cpu"}, or "none" or "nvme" in place of "cpu"'
            yield source.problem((*top, key), "a place to offload to is allowed here", remedy, shown(place))

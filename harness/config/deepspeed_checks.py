"""What is wrong with a DeepSpeed file by itself, and on this machine."""

import importlib.util
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from ctypes.util import find_library
from typing import Any

from harness.config.deepspeed_key import DeepSpeedKey, Effect, Keys
from harness.config.deepspeed_keys import KEYS, MONITORS, homes
from harness.config.problem import Problem, listed
from harness.config.yaml_source import Key, YamlSource, dotted
from harness.message_text import nearest
from harness.named_path import is_folder, user_path

AUTO = "auto"

_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "text": (str,),
    "list": (list,),
    "object": (dict,),
}
_NAMES = {
    "bool": "true or false",
    "int": "a whole number",
    "number": "a number",
    "text": "text",
    "list": "a list",
    "object": "an object {…}",
}


def deepspeed_problems(source: YamlSource) -> Iterator[Problem]:
    """Yield every problem of a DeepSpeed file, taken without its sequence file."""
    if not isinstance(source.data, dict):
        remedy = 'write {"zero_optimization": {"stage": 2}} or the like'
        yield source.problem((), "the file must be a JSON object", remedy)
        return
    found = list(_key_problems(source, source.data, KEYS, ()))
    yield from found
    if not found:
        zero = source.data.get("zero_optimization")
        yield from _zero_problems(source, zero if isinstance(zero, Mapping) else {})
        yield from _monitor_problems(source)


def _key_problems(source: YamlSource, values: Mapping[str, Any], keys: Keys, above: Key) -> Iterator[Problem]:
    for name, value in values.items():
        place, about = (*above, name), keys.get(name)
        if about is None:
            yield source.problem(place, *_unknown(name, keys, above))
        elif about.effect is Effect.REMOVED:
            reason = f": {about.reason}" if about.reason else ""
            yield source.problem(
                place, "DeepSpeed no longer has this and refuses the file", f"remove it{reason}"
            )
        elif _is_auto(value) or value is None:
            continue
        elif about.effect is Effect.CHANGES:
            yield from _changed(source, place, about, value)
        elif not any(_fits(value, kind, about.least) for kind in about.values):
            yield source.problem(place, f"{_allowed(about)} is allowed here", f"write {_example(about)}")
        elif about.inner is not None:
            yield from _key_problems(source, value, about.inner, place)


def _unknown(name: str, keys: Keys, above: Key) -> tuple[str, str]:
    """Return message and remedy for a key that does not belong where it stands."""
    if above[:1] in (("optimizer",), ("scheduler",)):
        return (
            "the sequence file decides this: every stage is trained by AdamW, with training.learning_rate, "
            "training.weight_decay, training.warmup_ratio and training.schedule",
            f'remove it, or write {above[0]!r}: "auto"',
        )
    places = [place[:-1] for place in homes(name)]
    if places:
        (home, *_) = places
        where = f"into {dotted(home)!r}" if home else "to the top level of the file"
        return f"DeepSpeed does not take {name!r} here", f"move it {where}"
    inner = f" in {dotted(above)!r}" if above else ""
    allowed = [key for key, about in keys.items() if about.effect in (Effect.FREE, Effect.SEQUENCE)]
    return (
        f"DeepSpeed knows no such key{inner}",
        f"{nearest(name, keys)}Remove it; allowed: {listed(sorted(allowed))}",
    )


def _changed(source: YamlSource, place: Key, about: DeepSpeedKey, value: Any) -> Iterator[Problem]:
    # 0 is not false here, though Python says so.
    unusual = not any(
        value == one and isinstance(value, bool) == isinstance(one, bool) for one in about.usual
    )
    can_be_disabled = {"enabled": False} in about.usual and isinstance(value, Mapping)
    disabled = can_be_disabled and value.get("enabled") is False
    if unusual and not disabled:
        usual = [_json(one) for one in about.usual if one is not None]
        remedy = f"remove it{f', or write {usual[0]}' if usual else ''}"
        message = "xstilts allows only the usual value, since a stage's digest does not cover this key"
        yield source.problem(place, f"{message}: {about.reason}", remedy)


def _is_auto(value: object) -> bool:
    """Return whether all that a value sets is `auto`."""
    if isinstance(value, dict):
        return bool(value) and all(_is_auto(inner) for inner in value.values())
    return value == AUTO


def _fits(value: Any, kind: str, least: float) -> bool:
    if kind in ("int", "number"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return is_number and value >= least and (kind == "number" or float(value).is_integer())
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    return not isinstance(value, bool) and _json(value) == kind


def _allowed(about: DeepSpeedKey) -> str:
    least = f" of at least {about.least:g}" if {"int", "number"} & {*about.values} else ""
    *others, last = (_NAMES.get(kind, kind) for kind in about.values)
    return (f"{', '.join(others)} or {last}" if others else last) + least


def _example(about: DeepSpeedKey) -> str:
    if about.inner is not None and "stage" in about.inner:
        return '{"stage": 2} or the like'
    return f'{_allowed(about)}, or "auto"'


def _json(value: Any) -> str:
    return json.dumps(value)


def _zero_problems(source: YamlSource, zero: Mapping[str, Any]) -> Iterator[Problem]:
    top, stage = "zero_optimization", zero.get("stage", 0)
    stage = 0 if stage == AUTO else stage
    for old, new in (("cpu_offload", "offload_optimizer"), ("cpu_offload_param", "offload_param")):
        if old in zero and new in zero:
            yield source.problem((top, old), f"the old name of {new!r}, which stands here too", "remove it")
    for key in ("offload_optimizer", "offload_param"):
        place = zero.get(key)
        device = place.get("device", "none") if isinstance(place, Mapping) else "none"
        needed = 3 if key == "offload_param" else 1
        if device in ("cpu", "nvme") and stage < needed:
            levels = "level 3" if needed == 3 else "levels 1 to 3"
            yield source.problem(
                (top, key, "device"),
                f"only ZeRO {levels} can offload this, and zero_optimization.stage is {stage}",
                f'write "stage": {needed}, or "device": "none"',
            )
        if device == "nvme" and isinstance(place, Mapping):
            yield from _nvme_problems(source, (top, key), place)
        if isinstance(place, Mapping) and place.get("ratio", 1) not in (1, AUTO) and stage != 3:
            yield source.problem(
                (top, key, "ratio"), "only ZeRO level 3 can offload a part", 'write "stage": 3, or remove it'
            )


def _nvme_problems(source: YamlSource, key: Key, place: Mapping[str, Any]) -> Iterator[Problem]:
    path = place.get("nvme_path")
    if not isinstance(path, str) or path == AUTO:
        yield source.problem(key, "nvme needs the folder to offload to", 'add "nvme_path": "/local_nvme"', "")
    elif not is_folder(user_path(path)):
        remedy = "make the folder on the local disk, or correct the path"
        yield source.problem((*key, "nvme_path"), "there is no such folder on this machine", remedy)
    missing = [] if find_library("aio") else ["libaio (Debian and Ubuntu: apt install libaio-dev)"]
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        missing.append("a C++ compiler (apt install g++)")
    if importlib.util.find_spec("ninja") is None and not shutil.which("ninja"):
        missing.append("ninja (pip install ninja)")
    if missing:
        yield source.problem(
            (*key, "device"),
            "offloading to nvme needs DeepSpeed's async_io, which this machine cannot build or load",
            f'install {"; ".join(missing)}; or write "device": "cpu"',
        )


def is_enabled_monitor(name: str, value: Any) -> bool:
    """Return whether a key of a DeepSpeed file enables a monitor."""
    return name in MONITORS and isinstance(value, Mapping) and value.get("enabled") is True


def _monitor_problems(source: YamlSource) -> Iterator[Problem]:
    for name, module in MONITORS.items():
        if (
            module is not None
            and is_enabled_monitor(name, source.data.get(name))
            and not _is_installed(module)
        ):
            yield source.problem(
                (name,),
                f"DeepSpeed's {name} monitor needs the package {module}, which is not installed",
                f'install it (pip install {module}), or write "enabled": false',
            )


def _is_installed(module: str) -> bool:
    # The folder that a monitor has written to, of the same name, is no module.
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None

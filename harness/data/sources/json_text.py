"""JSON in data files, which anyone may have written: within limits, and text that is text."""

import json
from pathlib import Path
from typing import Any

from harness.data.sources.text_file import MalformedFileError
from harness.message_text import in_short

# SQuAD's layout has 9 levels; beyond some hundreds Python itself gives up.
_DEEPEST = 60


def json_value(path: Path, place: str, text: str) -> Any:
    """Return the value of a JSON text.

    Args:
        path: The file, for messages.
        place: Where in it, such as `, line 3`.
        text: The text.

    Raises:
        MalformedFileError: it is not JSON, names a key twice in one object, is nested too deep, or holds half
            a character (a lone surrogate).
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except ValueError as error:
        raise MalformedFileError(
            f"{path}{place}: not JSON ({error}): {in_short(text)}; correct it, or download the file again"
        ) from error
    except RecursionError as error:
        raise _too_deep(path, place) from error
    if text.count("[") + text.count("{") > _DEEPEST and _depth(value) > _DEEPEST:
        raise _too_deep(path, place)
    if "\\ud" in text.lower() and not _is_text(value):
        raise MalformedFileError(
            f"{path}{place}: holds half a character (\\ud8… without its second half); correct the text"
        )
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, of which no key is named twice: either value may be meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {in_short(twice)} twice in one object")
    return found


def _too_deep(path: Path, place: str) -> MalformedFileError:
    return MalformedFileError(f"{path}{place}: nested more than {_DEEPEST} levels deep; no data set is")


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        inner, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(inner, dict):
            waiting += [(child, depth + 1) for child in inner.values()]
        elif isinstance(inner, list):
            waiting += [(child, depth + 1) for child in inner]
    return deepest


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True

"""Whether a model is an encoder or a text-to-text model, told from its name or folder without loading it."""

import json
import re
from pathlib import Path

from harness.named_path import is_folder, user_path

TEXT_TO_TEXT_TYPES = ("t5", "mt5", "umt5")
"""The text-to-text architectures (`model_type` of config.json) that are trained; byT5 is `t5`."""

# The published families: google/mt5-base, google/umt5-small, google/byt5-small, google-t5/t5-base …
_PUBLISHED = re.compile(r"^(google/|google-t5/)?(mt5|umt5|byt5|t5|flan-t5)-[A-Za-z0-9_.-]+$")


def model_type(folder: Path) -> str | None:
    """Return the `model_type` of a folder's config.json; None where there is none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    found = config.get("model_type") if isinstance(config, dict) else None
    return found if isinstance(found, str) else None


def is_text_to_text(folder: Path) -> bool:
    """Tell whether the model of a folder answers in words, without a head."""
    return model_type(folder) in TEXT_TO_TEXT_TYPES


def located(model: str, folder: Path) -> str:
    """Return a model's name with a local folder's path made absolute; hub ids and `embedded:` as they are.

    Args:
        model: The model as a sequence file names it.
        folder: Where a relative path begins: the folder of the sequence file.
    """
    if model.startswith("embedded:"):
        return model
    path = folder / user_path(model)
    return str(path.absolute()) if is_path(model) or is_folder(path) else model


def is_path(model: str) -> bool:
    """Return whether a model's name can only be a local folder's."""
    return model.startswith(("/", "./", "../", "~")) or model in (".", "..") or model.count("/") > 1


def seems_text_to_text(model: str) -> bool:
    """Tell the same of a model as a sequence file names it; a hub id that says nothing counts as an encoder.

    What it leaves open is told when the model is available, before anything is trained.
    """
    try:
        folder = user_path(model)
        if is_folder(folder):
            return is_text_to_text(folder)
    except OSError:
        return False
    return _PUBLISHED.fullmatch(model) is not None

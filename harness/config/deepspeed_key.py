"""What a key of a DeepSpeed configuration may hold, and what it does to a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Effect(Enum):
    """What a key does to a stage."""

    FREE = auto()
    """It spreads or reports the work; what is learned stays the same up to rounding."""
    SEQUENCE = auto()
    """The sequence file decides it; a fixed value must agree with that file."""
    CHANGES = auto()
    """It changes what is learned or breaks a stage, and no digest covers it: only its usual value passes."""
    REMOVED = auto()
    """DeepSpeed no longer has it and refuses a file that names it."""


@dataclass(frozen=True)
class DeepSpeedKey:
    """One key.

    Attributes:
        effect: What it does.
        values: The JSON types or the choices that DeepSpeed takes: `bool`, `int`, `number`, `text`, `list`,
            `object`, or quoted choices.
        usual: Of a key that changes results, the values at which it doesn't.
        reason: Of a refused key, why, or what to use instead.
        setting: The key of the sequence file that decides it.
        inner: The keys of an object; None where any are taken.
        least: The smallest number.
    """

    effect: Effect
    values: tuple[str, ...]
    usual: tuple[Any, ...] = ()
    reason: str = ""
    setting: str = ""
    inner: Mapping[str, "DeepSpeedKey"] | None = None
    least: float = 0


Keys = Mapping[str, DeepSpeedKey]

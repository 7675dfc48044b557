"""How long a model's inputs may be by its configuration."""

from collections.abc import Mapping
from typing import Any

from harness.models.families import OFFSET_POSITIONS


def usable_positions(config: Mapping[str, Any]) -> int | None:
    """Return the most tokens that a model has positions for; None where positions are relative or not said.

    RoBERTa and its kin number positions from the padding index + 1.
    """
    positions = config.get("max_position_embeddings")
    if positions is None or positions < 0:
        return None
    shifted = config.get("model_type") in OFFSET_POSITIONS
    pad = config.get("pad_token_id")
    return int(positions) - ((1 if pad is None else int(pad)) + 1 if shifted else 0)

"""The tokenizer beside a checkpoint."""

from typing import Any

from harness.evaluation.checkpoint import Checkpoint, CheckpointError, first_line
from harness.models.tokenizer import fast_tokenizer


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """Return the tokenizer of a checkpoint's folder.

    Raises:
        CheckpointError: there is none, or its files are no tokenizer's.
    """
    try:
        return fast_tokenizer(checkpoint.model)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"checkpoint {checkpoint.folder}: its tokenizer can't be loaded ({first_line(error)}). "
            "Save it beside the model with `tokenizer.save_pretrained(folder)`."
        ) from error
